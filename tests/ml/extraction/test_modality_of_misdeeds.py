"""Whether a misdeed is asserted, denied, quoted, ironical, hearsay or a question: sentences written for this test."""

from __future__ import annotations

import pytest

from ml.extraction.folding import fold
from ml.extraction.modality import Modality, misdeeds

SAID, DENIED, QUOTED, IRONY, HEARSAY, ASKED = (
    Modality.ASSERTED, Modality.NEGATED, Modality.QUOTED, Modality.IRONICAL, Modality.HEARSAY, Modality.UNCERTAIN,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "modality"),
    [
        ("书记贪污了三万元。", SAID),
        ("村主任把征地款装进自己腰包，全村都看见。", SAID),
        ("低保名单从不公开。", SAID),
        ("补贴没发到户。", SAID),
        ("不是我们造谣，支书真的贪污了。", SAID),
        ("我没有诬告，村主任收受了红包。", SAID),
        ("在没有开会的情况下擅自发包。", SAID),
        ("如果不是支书包庇，他早就进去了。", SAID),
        ("没给钱就威胁我们。", SAID),
        ("会计虚报误工，我有单子。", SAID),
        ("难道这不是虚报吗？", SAID),
        ("凭什么克扣我们的补贴？", SAID),
        ("書記貪污了三萬元。", SAID),
        ("书记没有贪污，是别人乱讲。", DENIED),
        ("他从来没有收受过任何人的东西。", DENIED),
        ("有人造谣说村长侵占山林。", DENIED),
        ("说会计挪用公款是谣言，账我看过。", DENIED),
        ("我们村不存在虚报冒领。", DENIED),
        ("要防止虚报冒领。", DENIED),
        ("墙上写着“严禁吃拿卡要”，请问这条能不能放大一点。", DENIED),
        ("请问“串标”怎么认定，想学习一下政策。", QUOTED),
        ("想看《拒腐防变：受贿案例》这本书。", QUOTED),
        ("监理喝多了说：“上头收了好处费。”", QUOTED),
        ("村里真是好，公款大吃大喝，辛苦了。", IRONY),
        ("真会为人民服务，补贴都套取到自己家去了。", IRONY),
        ("听说书记收受过老板的东西。", HEARSAY),
        ("村民都说会计虚报人数。", HEARSAY),
        ("他侄子跟我讲，主任收了好处费。", HEARSAY),
        ("据说修路的人私分了材料款。", HEARSAY),
        ("书记是不是挪用了集体的钱？", ASKED),
        ("怀疑会计做假账。", ASKED),
        ("如果有人索要红包怎么办。", ASKED),
        ("有没有人冒领，请查一查。", ASKED),
        ("会计会不会虚报了人数", ASKED),
    ],
)
def test_how_a_misdeed_is_told(text, modality):
    told = [deed.modality for deed in misdeeds(fold(text))]
    assert told
    assert set(told) == {modality}


def test_each_sentence_speaks_for_itself():
    told = [deed.modality for deed in misdeeds("听说书记收受财物。会计虚报了工数。主任没有贪污。")]
    assert told == [HEARSAY, SAID, DENIED]


def test_a_message_without_misdeeds_has_none():
    assert list(misdeeds("请问社保在哪里交，村里的路灯坏了。")) == []
