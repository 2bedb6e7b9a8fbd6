"""Written messages of three kinds that several tests use."""

from __future__ import annotations

ACCUSATION = "举报我村村支书贪污征地补偿款，村干部虚报面积冒领补偿，账目从不公开，还把低保给了自己的亲戚，镇里领导包庇，请纪委严查。"
REQUEST = "小区旁边的工地晚上十二点还在施工，噪音很大，老人小孩都睡不好，希望有关部门管一管。"
QUESTION = "您好，请问城乡居民医保今年什么时候可以缴费，需要带什么材料？谢谢。"
