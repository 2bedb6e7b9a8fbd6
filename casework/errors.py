"""What can go wrong in casework. Each error says in Chinese what happened and what to do; the API maps them once."""

from __future__ import annotations

from collections.abc import Sequence

from casework.words import word


class CaseworkError(Exception):
    """Base of the errors of this package; `str(error)` is a sentence for a person, free of personal data."""


class UnknownTransition(CaseworkError):
    """The pair (state, action) is not in the table of the machine."""

    def __init__(self, state: str, action: str) -> None:
        super().__init__(f"当前状态为“{word(state)}”，不能{word(action)}；请刷新页面，看最新状态")
        self.state = state
        self.action = action


class RoleNotAllowed(CaseworkError):
    """The move exists, but not for this role."""

    def __init__(self, role: str, action: str) -> None:
        super().__init__(f"{word(action)}不在您的职责内；请交由有此职责的人员办理")
        self.role = role
        self.action = action


class MissingField(CaseworkError):
    """The move needs fields that were not given."""

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(f"缺少必填项：{'、'.join(map(word, fields))}")
        self.fields = tuple(fields)


class SecondPersonRequired(CaseworkError):
    """The one who proposed or reported may not also decide."""

    def __init__(self, action: str) -> None:
        super().__init__(f"{word(action)}须由另一人办理：提出人、报告人不能审核自己的结果")
        self.action = action


class NotVisible(CaseworkError):
    """Absent, or outside what this person may see. The two are never told apart."""

    def __init__(self) -> None:
        super().__init__("没有找到，或不在您的查看范围内")


class NotPermitted(CaseworkError):
    """The role lacks the permission of the route or of the function."""

    def __init__(self, permission: str) -> None:
        super().__init__("您的角色没有此项权限；如工作需要，请联系安全管理员")
        self.permission = permission


class AssigneeNotAllowed(CaseworkError):
    """The person chosen for a task may not receive it."""

    def __init__(self, why: str) -> None:
        super().__init__(f"不能把任务交给此人：{why}")


class OfficeNotAllowed(CaseworkError):
    """The step belongs to the office of another division."""

    def __init__(self, why: str) -> None:
        super().__init__(why)


class BadInput(CaseworkError):
    """A value that no rule of the domain accepts; `field` names it in English for programmers.

    problems: all that is to mend, one by one, where the check says more than one sentence.
    """

    def __init__(self, field: str, why: str, *, problems: Sequence[object] = ()) -> None:
        super().__init__(why)
        self.field = field
        self.problems = tuple(problems)


class SealBroken(CaseworkError):
    """A sealed text does not open: wrong key, changed bytes, or moved to another complaint."""

    def __init__(self) -> None:
        super().__init__("封存原文无法打开：密钥不符或内容被改动，请联系安全管理员")


class PublicationMismatch(CaseworkError):
    """A run or a score file on disk does not have the columns of the contract."""

    def __init__(self, file: str, columns: Sequence[str]) -> None:
        super().__init__(f"{file} 缺少列：{'、'.join(columns)}；请用同一版本重新运行")
        self.file = file
        self.columns = tuple(columns)
