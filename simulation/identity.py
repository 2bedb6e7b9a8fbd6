"""Numbers that look and check like real ones and belong to nobody: ID numbers, credit codes, accounts, phones.

ID numbers and credit codes carry the made-up province 99; phone numbers begin with 100 and bank accounts with
62999900, which nobody has been given.
"""

from __future__ import annotations

from collections import Counter
from datetime import date

from registers.values import CREDIT_ALPHABET, credit_code_check, id_check_digit

SEX_ODD = {"male": 1, "female": 0}
NUMBERS_A_DAY = 500


class Issuer:
    """Hands out the numbers of one county, each once and in order.

    It remembers one counter per birth date and sex, so its memory does not grow with the number of people
    beyond the days of a century.
    """

    def __init__(self, county_code: str) -> None:
        self._county = county_code
        self._births: Counter[tuple[date, str]] = Counter()
        self._serials: Counter[str] = Counter()

    def id_number(self, *, birth: date, sex: str) -> str:
        """A valid 18-character resident ID number (GB 11643)."""
        turn = self._births[birth, sex]
        if turn + 1 >= NUMBERS_A_DAY:
            raise OverflowError(
                f"more than {NUMBERS_A_DAY - 1} births of one sex on one day; plan more counties"
            )
        self._births[birth, sex] += 1
        serial = 2 * turn + 2 - SEX_ODD[sex]
        first17 = f"{self._county}{birth:%Y%m%d}{serial:03d}"
        return first17 + id_check_digit(first17)

    def credit_code(self, prefix: str) -> str:
        """A valid 18-character unified credit code (GB 32100); prefix such as 91, 92, 93 or N2."""
        first17 = f"{prefix}{self._county}MA{self._base31(self._next('credit'), width=7)}"
        return first17 + credit_code_check(first17)

    def account(self) -> str:
        return f"62999900{self._county}{self._next('account'):07d}"

    def phone(self) -> str:
        return f"100{self._county[-2:]}{self._next('phone'):06d}"

    def _next(self, series: str) -> int:
        self._serials[series] += 1
        return self._serials[series]

    @staticmethod
    def _base31(number: int, *, width: int) -> str:
        digits = ""
        while len(digits) < width:
            number, rest = divmod(number, len(CREDIT_ALPHABET))
            digits = CREDIT_ALPHABET[rest] + digits
        return digits
