"""Word lists: invented names of people, places and firms. No real division and no real person is in them."""

from __future__ import annotations

from random import Random
from typing import Final

SURNAMES: Final = tuple("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余")
GIVEN_FIRST: Final = tuple("建国志文明德永春秀桂玉金水长福正家兴忠立海云晓丽小宏世光学士有新成")
GIVEN_SECOND: Final = tuple("华强军平芳英兰珍香梅林山根生发良民伟红霞娟涛波辉勇刚龙凤莲花才贵财宝田喜庆")

PLACE_FIRST: Final = tuple("青石白云松竹柳桃杏梅清溪泉岭沙金银龙凤麻枫槐榆双三五上下东西南北新")
PLACE_SECOND: Final = tuple("稻蔓萤笙畴蘅芷藜槿榭笕")
TOWN_SECOND: Final = tuple("禾垄畈埂畦汀壑")
"""No pair of a first and a second character is the name of a real village or town in the lists of 2023."""

FIRM_FIRST: Final = tuple("宏恒瑞鑫盛昌源泰顺诚信达安兴隆丰润博远华")
FIRM_SECOND: Final = tuple("业运通发程诺景辉图川和力嘉建益茂康伦升凯")
FIRM_KINDS: Final = {
    "builder": ("建筑工程有限公司", "市政园林有限公司", "水利工程有限公司"),
    "supplier": ("商贸有限公司", "建材经营部", "物资有限公司"),
    "service": ("环境服务有限公司", "会计咨询有限公司", "广告传媒有限公司"),
    "farm": ("家庭农场", "种植专业合作社", "养殖有限公司"),
    "shop": ("便利店", "农资店", "日用百货店"),
}


def given_name(rnd: Random) -> str:
    """One character in seven names, else two."""
    second = rnd.choice(GIVEN_SECOND)
    return second if rnd.random() < 1 / 7 else rnd.choice(GIVEN_FIRST) + second


def surname(rnd: Random) -> str:
    """The first ones of the list are the common ones."""
    return SURNAMES[min(int(rnd.expovariate(0.09)), len(SURNAMES) - 1)]


def firm_name(rnd: Random, trade: str, *, place: str) -> str:
    return f"{place}{rnd.choice(FIRM_FIRST)}{rnd.choice(FIRM_SECOND)}{rnd.choice(FIRM_KINDS[trade])}"


def place_name(rnd: Random, *, taken: set[str], second: tuple[str, ...] = PLACE_SECOND) -> str:
    """Two characters that `taken` does not hold yet; adds them to it."""
    while True:
        name = rnd.choice(PLACE_FIRST) + rnd.choice(second)
        if name not in taken:
            taken.add(name)
            return name
