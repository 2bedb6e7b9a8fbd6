"""Sentences of simulated complaints, written for this project. Slots in braces are filled by `simulation.inbox`.

Slots: {place} town and village, {actor} an official as villagers call one, {yuan} a sum, {year} a year,
{kin} a relative, {months} a number of months, {firm} somebody's firm.
"""

from __future__ import annotations

from typing import Final

from simulation.phrases_wider import WIDER_ALLEGATIONS, Matter

ALLEGATIONS: Final = WIDER_ALLEGATIONS | {
    "benefit_after_death": Matter("assistance", (
        "人都走了{months}个月了，高龄补贴每个月还在领，钱是{actor}那边取的",
        "村里有老人{year}年就过世了，他的补助款一直没停，存折在{actor}手里",
        "死人还在领补助，{actor}知道也不报，钱进了谁的口袋",
    )),
    "firm_owner_on_allowance": Matter("assistance", (
        "有一户家里开着公司，还吃着低保，{actor}给他办的",
        "注册了公司的人能评上低保，真正困难的评不上，{actor}经手",
        "做生意的老板家全家低保，大家都看在眼里，就是{actor}批的条子",
    )),
    "kin_on_allowance": Matter("assistance", (
        "{actor}的{kin}家里盖了三层楼还拿低保，我们真困难的申请几次都不给",
        "低保名单上好几个是{actor}的亲戚，条件比谁都好，这不是优亲厚友是什么",
        "{actor}把自己{kin}一家报成低保户，从来没有公示过",
        "为什么{actor}家的亲戚都有低保，我家两个病人却没有",
    )),
    "allowances_of_others": Matter("assistance", (
        "我爸的优抚补助卡一直在{actor}手上，{months}个月没见到钱",
        "几个老人的补贴都打到一个账号上，听说是{actor}的卡",
        "{actor}在外面欠了很多债，把村里残疾人的护理补贴都代领走了",
    )),
    "startup_without_business": Matter("assistance", (
        "有人根本没开店，也领了两万五的创业扶持，{actor}签的字",
        "残疾人创业补贴给了没有营业执照的人，{actor}说一句话就过了",
    )),
    "farmland_over_holding": Matter("agri_subsidy", (
        "{actor}家就几亩地，种粮补贴却报了几十亩，把集体的田算到自己名下",
        "耕地补贴面积不对，{actor}和他{kin}家多报了好多亩",
        "村集体机动地的地力补贴年年被{actor}家领走",
    )),
    "invented_labour": Matter("labour", (
        "清沟的用工表上有八十多岁的老人，根本没去干活，钱是{actor}领的",
        "{actor}做假用工单，写了一堆名字，钱都进了他{kin}的账户",
        "我在用工名单上看到我妈的名字，她都瘫在床上了，哪里去出过工",
    )),
    "overreported_days": Matter("labour", (
        "干半天算一天，干一天算两天，一个月能报四十多个工，{actor}签的字",
        "{actor}虚报工时，有的人一个月出工天数比日历还多",
    )),
    "official_draws_labour": Matter("labour", (
        "{actor}拿着村里工资，又天天在用工表上领误工费",
        "{actor}自己是干部还领劳务费，一年领了{yuan}",
        "村干部开会也算出工，{actor}的名字每张用工单上都有",
    )),
    "pay_over_standard": Matter("official_conduct", (
        "{actor}的工资比镇里核定的高出一大截，还有什么补贴津贴",
        "村干部自己给自己发津贴，{actor}带的头，没有文件",
    )),
    "split_works": Matter("village_projects", (
        "一条路分成几段包给同一个老板，每段都不到十万，就是为了不招标，{actor}定的",
        "{actor}把工程拆开做，不公开招标，内定给熟人",
        "村里修路没有招标，几个标段都是同一家做的，里面肯定有好处",
    )),
    "kin_firm_purchases": Matter("procurement_tender", (
        "村里买东西都找{actor}的{kin}开的店，比外面贵一半",
        "{actor}{kin}的公司专门做村里的生意，路灯一盏贵好几百，没有比过价",
        "采购全给自家人，价格高得离谱，{actor}说了算",
    )),
    "rent_below_market": Matter("assets_resources", (
        "集体的鱼塘被{actor}便宜租给他{kin}，一租就是二十年，没开过会",
        "{actor}把集体店面低价租给亲戚，旁边一样的店租金是他的三倍",
        "山林承包给{actor}的{kin}，一亩才二十块，我们想包都不让",
    )),
    "rent_uncollected": Matter("assets_resources", (
        "集体厂房租金好几年没收上来，租的人是{actor}的{kin}，没人敢催",
        "鱼塘承包款欠了{months}个月，{actor}从来不去收，是不是有关系",
    )),
    "contract_without_meeting": Matter("assets_resources", (
        "{actor}没开村民代表会就把合同签了，章是晚上盖的",
        "村里借款、发包都是{actor}一个人说了算，公章在他包里",
        "我们从来没听说开过会，{actor}就拿公章把集体的地包出去了",
    )),
    "blank_seal": Matter("election_governance", (
        "{actor}把公章盖在空白纸上，谁找他都能拿一张",
        "村里的空白介绍信都是盖好章的，{actor}想怎么写就怎么写",
    )),
    "invoice_twice": Matter("collective_funds", (
        "同一张发票{actor}报了两次账，金额{yuan}左右",
        "村里账目有假，一张票重复报销，经手的就是{actor}",
    )),
    "money_to_private_account": Matter("collective_funds", (
        "村集体的钱转到{actor}个人卡上，说是借款，从来没还过，有{yuan}左右",
        "{actor}挪用集体资金，征地款利息都打到自己账户",
        "村里的钱都在{actor}个人微信里进出，账从来不公开",
    )),
    "poor_relative_of_official": Matter("assistance", (
        "{actor}的{kin}在吃低保，肯定是走了关系",
        "村干部的亲戚也有低保，请查查{actor}",
    )),
    "urgent_repairs_after_flood": Matter("village_projects", (
        "水毁的路没有招标就包给了一个老板，请查一下{actor}",
    )),
    "hardship_lease_waiver": Matter("assets_resources", ("有人租集体的地几年不交钱，{actor}也不管",)),
    "only_shop_of_small_village": Matter("procurement_tender", ("村里买东西都在一家店，{actor}跟店主肯定有分成",)),
    "kin_firm_at_fair_price": Matter("procurement_tender", ("{actor}的{kin}也做村里的生意，这合规吗，我看有猫腻",)),
}  # fmt: skip

OTHER_ALLEGATIONS: Final = (
    Matter("land_requisition", ("征地补偿款被{actor}扣了一部分，每户少发了几千", "青苗补偿同样的地有人多有人少，{actor}的关系户拿得多")),
    Matter("education", ("镇上公办小学暑假收补课费，一个孩子{yuan}，不交就给脸色看", "公办幼儿园强制买校服和保险，还不开发票")),
    Matter("medical", ("卫生院医生开药拿回扣，一个感冒开了{yuan}的药", "镇卫生院让没住院的人挂床，骗医保的钱")),
    Matter("law_enforcement", ("派出所的人收了沙场老板的好处，半夜挖沙没人管", "城管收了钱就不拆他家的违建，别人家的当天就拆")),
    Matter("election_governance", ("换届的时候{actor}给每户发烟发钱拉票", "村里三年没公开过账目，问{actor}就骂人")),
    Matter("official_conduct", ("镇里的驻村干部上班时间在棋牌室打牌，天天如此", "{actor}办酒席收了全村的礼金，单位也不管", "找镇里办证，办事的人要两条烟才给盖章")),
    Matter("collective_funds", ("集体收的管理费从来没有收据，钱去哪了{actor}说不清",)),
)  # fmt: skip

APPEALS: Final = (
    Matter("village_projects", ("门口的路坑坑洼洼，下雨全是水，什么时候能修", "村里路灯坏了一排，晚上老人出门不安全", "自来水三天两头停，水压也不够")),
    Matter("other", ("楼下烧烤摊半夜还在吵，油烟熏得睡不着", "邻居家的狗不拴绳，差点咬到孩子", "小区物业不打扫卫生还要涨物业费", "房子买了三年开发商还不给办房产证", "隔壁装修把墙打裂了，不赔钱")),
    Matter("labour", ("在工地干了半年，包工头欠我{yuan}工钱不给，电话也不接", "厂里拖欠工资三个月了，老板跑了怎么办")),
    Matter("assistance", ("我家老人生大病花了很多钱，想申请救助，希望能帮帮我们", "房子漏雨成危房了，能不能派人来看看")),
    Matter("medical", ("异地住院的发票报不了，跑了几趟窗口都说材料不全", "医保卡刷不了，药店说要重新激活")),
    Matter("education", ("孩子上学学位安排得太远，每天来回两个小时", "校车今年不开了，家长接送实在困难")),
    Matter("land_requisition", ("征地款说好年底发，现在还没到账，希望尽快落实",)),
    Matter("agri_subsidy", ("今年的种粮补贴还没有到卡上，请帮忙看一下",)),
    Matter("other", ("河里死鱼一片，臭得不行，请有关部门来看看", "快递柜占了消防通道，反映几次没人处理")),
)  # fmt: skip
QUESTIONS: Final = (
    Matter("assistance", ("请问低保怎么申请，需要什么材料", "高龄津贴满八十就能领吗，在哪里办", "残疾证换证要去哪里，能网上办吗")),
    Matter("agri_subsidy", ("耕地补贴一亩多少钱，什么时候发", "退耕还林的补助今年还有吗")),
    Matter("other", ("户口迁回农村需要什么手续", "请问身份证过期了异地能办吗", "宅基地审批现在归哪里管")),
    Matter("medical", ("今年合作医疗交多少钱，截止到几号", "门诊慢性病怎么认定")),
    Matter("education", ("外地户籍的孩子怎么报名上小学", "助学贷款续贷几月份办理")),
    Matter("election_governance", ("村民代表几年选一次，怎么报名",)),
)  # fmt: skip
SUGGESTIONS: Final = (
    Matter("village_projects", ("建议在村口装一面凸面镜，转弯看不到车", "建议把广场的健身器材换新，坏了好几个")),
    Matter("other", ("建议增加到县城的末班车", "希望图书室周末也开门", "建议垃圾桶分几个点放，不要全堆在一处")),
    Matter("election_governance", ("建议村务公开放到手机上，大家都看得到",)),
)  # fmt: skip
SLOGANS: Final = (
    "相关部门不作为，没人管我们老百姓",
    "到处踢皮球，腐败！",
    "当官不为民做主，寒心",
    "有没有人管管啊，反映多少次了",
)
NOISE: Final = (
    "您好", "1", "收到，谢谢", "测试", "退订", "打错了不好意思",
    "低息贷款，当天放款，无需抵押，详询客服", "恭喜您获得精美礼品一份，点击链接领取", "专业疏通管道，二十四小时上门",
    "感谢政府给我们修了路，老百姓都说好", "祝领导新年快乐，工作顺利", "[图片]",
)  # fmt: skip

OPENINGS: Final = (
    "", "", "", "领导好，", "你好，", "我要举报，", "我反映一下，", "尊敬的纪委领导：", "实名反映：", "我是{place}的村民，",
    "向你们反映一件事，", "求求你们管一管，", "匿名举报。", "您好领导，打扰了，",
)  # fmt: skip
POLITE_OPENINGS: Final = (
    "",
    "",
    "您好，",
    "你好，",
    "领导好，",
    "请问一下，",
    "我是{place}的，",
    "麻烦问下，",
    "反映个问题：",
)
WHERE: Final = ("{place}，", "{place}：", "在{place}，", "我们{place}，", "{place}这边，", "事情在{place}，")
DETAILS: Final = (
    "", "", "从{year}年开始就是这样", "前后加起来有{yuan}", "村里人都知道，没人敢说", "我有照片可以提供", "可以去查账，一查就清楚",
    "问过几次都说不知道", "去镇里说过，没有下文", "老百姓意见很大", "已经不是一回两回了", "公示栏里从来没贴过",
)  # fmt: skip
DEMANDS: Final = (
    "", "请查一查", "请纪委严查", "请给个说法", "希望领导重视", "请调查并回复我", "要求公开账目", "请为我保密", "盼回复",
    "请派人下来看看", "不要把我的号码告诉村里", "如不处理我就往上反映", "谢谢",
)  # fmt: skip
KIN: Final = ("弟弟", "哥哥", "儿子", "侄子", "小舅子", "老婆", "女婿", "堂弟", "姐夫")
MISSPELT: Final = (("账", "帐"), ("的", "得"), ("再", "在"), ("做", "作"), ("报销", "报消"), ("已经", "以经"))
"""Pairs of right and usual wrong writing."""
