"""Bodies of answers to the SMS gateway."""

from __future__ import annotations

from pydantic import Field

from api.schemas import Receipt, _Answer


class RejectedSms(_Answer):
    index: int = Field(description="在本次投递中的序号，从 0 起", examples=[3])
    reason: str = Field(examples=["缺少短信内容"])


class SentUpSms(_Answer):
    """开头写明“上级”的短信：本机关没有登记，已加密送上级机关；没有回执号。"""

    index: int = Field(description="在本次投递中的序号，从 0 起", examples=[1])
    digest: str = Field(description="密文校验值，请告知反映人", examples=["9f86d081884c7d65…"])
    duplicate: bool = Field(description="此消息以前已送出", examples=[False])


class SmsAnswer(_Answer):
    code: int = Field(default=0, description="0 表示投递已处理", examples=[0])
    receipts: list[Receipt] = Field(description="已登记的，按投递中的先后")
    sent_up: list[SentUpSms]
    rejected: list[RejectedSms] = Field(description="没有登记、也没有保存的")
