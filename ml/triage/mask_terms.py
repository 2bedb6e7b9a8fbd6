"""Words that the masking rules go by: surnames, titles, kinship, what ends a place name and what is none."""

from __future__ import annotations

from typing import Final

SURNAMES: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧肖程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪"
    "田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温"
    "芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐梅莫庄辛管祝左涂谷祁舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫屈鲍覃霍"
    "翁隋植甘景薄包司柏宁柯阮桂闵强柴华冉辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅苟褚廉简娄盖符奚穆燕郎邸冀谈姬屠连郜晏栾郁蒙喻"
    "揭窦迟宇敖糜鄢冷卓花仇艾蓝巩稽练仲乐虞卞封竺冼佟栗匡宗巫鞠桑荆谌银扬伏岑习胥蔺阙粟麻鄞楚"
)
COMPOUND_SURNAMES: Final = (
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "司徒", "夏侯", "长孙", "令狐",
)  # fmt: skip
FAMILY: Final = rf"(?:{'|'.join(COMPOUND_SURNAMES)}|[{SURNAMES}])"
"""A family name, as a pattern."""
COMMON_FROM: Final = 30
"""Count of the segmenter's dictionary from which a word is rather a word than a name."""
TITLES: Final = (
    "村支书|支部书记|书记|支书|村主任|主任|村长|组长|会计|出纳|局长|县长|镇长|乡长|区长|市长|省长|校长|院长|所长|队长|科长|处长"
    "|厅长|站长|部长|主席|老板|总经理|经理|董事长|医生|大夫|老师|教师|警官|法官|律师|先生|女士|小姐|同志|师傅|教练|园长|司机"
)
KINSHIP: Final = (
    "妻子", "丈夫", "老婆", "老公", "儿子", "女儿", "弟弟", "哥哥", "妹妹", "姐姐", "父亲", "母亲", "儿媳", "女婿", "亲戚", "亲属", "侄子", "外甥",
    "岳父", "舅舅", "叔叔", "之子", "之妻",
)  # fmt: skip
NAME_CUES: Final = (
    f"{TITLES}|{'|'.join(KINSHIP)}|文书|包工头|法定代表人|法人代表|法人|负责人|民警|村民|居民|业主|我叫|我是|名叫|叫做|姓名|联系人|举报人"
    "|反映人|投诉人|申请人|当事人|收款人|账户名|户名|本人|网民|网友"
)
ALSO_NAMES: Final = frozenset({"黄金"})
"""Common words that begin many a name when a third character follows: 黄金凤."""
DEEDS: Final = (
    "贪污", "侵占", "挪用", "受贿", "收受", "索要", "索取", "虚报", "冒领", "套取", "私分", "私自", "利用", "强占", "霸占", "打人", "殴打",
)  # fmt: skip

REGIONS: Final = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西"
    "|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|广州|深圳|武汉|南京|杭州|成都|西安|长沙|郑州|合肥|南昌|福州|济南|青岛|昆明"
    "|贵阳|南宁|石家庄|太原|沈阳|大连|哈尔滨|长春|厦门|苏州|珠海|佛山|东莞"
)
"""Provinces and large cities, which people name without 省 and 市."""

PLACE_WORDS: Final = (
    "街道", "社区", "小区", "大道", "公寓", "花园", "家园", "山庄", "大厦", "广场", "佳苑", "中学", "小学", "幼儿园", "大学", "学院",
    "医院", "水库", "煤矿",
)  # fmt: skip
PLACE_CHARACTERS: Final = "[省市县区](?!民(?!政)|级|场|容)|[州镇乡村组路街巷苑]"
"""What ends the name of a place: a word, or a single character where this pattern holds."""
NEVER_IN_A_PLACE: Final = (
    "的了是在我你他她它您这那哪某没不们等及把被让请说就都也还很个几每该此其所吗呢吧啊者委给"
)
SELDOM_IN_A_PLACE: Final = "和与同向为来有于能要会到从由对将以并但如因而或且跟过着两多去叫"
"""Allowed in a name only straight after a larger unit: 和平村 in "文明镇和平村", not in "和平村"."""

BEFORE_A_VILLAGE: Final = "我是|我们是|举报|反映|投诉|控告|检举|咨询|家住|住在|位于|来自"
"""After these a village is named, whatever its name is made of (新村, 和平村, 东街村)."""
NEVER_IN_A_VILLAGE: Final = "的了是在我你们没吗呢吧"
NO_VILLAGE: Final = "本|全|一|邻|外|各|组|农|老|山|乡|每个|多个|几个|行政|自然|贫困|退休|安置|驻|空心|城中|度假|示范|移民|美丽乡|社会主义新农|建设新农"
"""What stands there before 村 without being the name of one."""

ROLES_AND_VERBS: Final = (
    "[村组镇乡县市区局校院所队科处厅部站会厂]长|[人党学社组职官]员|支书|书记|主任|干部|村民|居民|农民|政府|各(?!庄)"
    "|勾结|串通|伙同|举报|检举|反映|投诉|咨询|控告|关于|要求|请求|建议|希望|质疑|强烈|恳请|查处|揭发"
)
"""A place name begins after these and does not run over them."""

NO_PLACE: Final[dict[str, frozenset[str]]] = {
    suffix: frozenset(words.split())
    for suffix, words in {
        "省": "全 外 本 节 各 跨",
        "市": "全 本 超 菜 门 股 上 县 楼 夜 集 都 罢 省 农贸 批发 人才 建材 农产品 房地产 地级 卫生城",
        "县": "全 本 各 市 区 邻 小 大 强 贫困 农业 百强",
        "区": (
            "地 校 园 景 山 库 片 辖 市 新 郊 特 灾 学 厂 矿 街 战 误 禁 老 城 县 住 开发 经开 高新 工业 棚户 老城 新城 居住 公共"
            " 安置 风景 主城 住宅 生活 管理 商业 保护 家属 办公 宿舍 服务 禁养 禁采 重灾 休息"
        ),
        "镇": "集 本 全 重 村 古 各 中心 建制",
        "乡": "本 全 下 老 故 回 返 美丽",
        "村": "一 本 全 邻 外 新 山 老 乡 各 组 行政 自然 贫困 中心 空心 城中 度假 示范 移民",
        "组": "改 重 本 全 党 村 各 工作 专案 调查 筹备 项目 经济 传销 巡视 督察 督导 检查 考核 资产重 年级 清算 专家 班子",
        "路": (
            "修 走 线 电 水 思 出 半 泥 土 问 让 拦 堵 老 新 主 条 级 网 销 高速 水泥 断头 石子 砂石 主干 柏油 沥青 十字 高铁"
            " 上学 机耕 通村 进村 入户 乡村"
        ),
        "街": "大 逛 上 沿 临 老 过 扫 整条 商业 步行 美食",
        "社区": "本 全 各 新 大 居民 老旧 街道 和谐 文明 农村 城市",
        "小区": (
            "本 全 各 老 新 大 出 入 回 居民 住宅 老旧 安置 新建 周边 附近 高档 整个 封闭 居住 商住 进入 进出 影响 生活 家属 成熟 开放式"
        ),
        "街道": "本 全 各 大 老 乡镇 城市 城区 主要",
        "大道": "康庄",
        "中学": "初级 重点 普通 高级 完全 公办 民办 私立 公立 农村 乡镇 优质",
        "小学": "中 上 读 公办 民办 私立 公立 农村 乡镇 中心 重点 配套 附近",
        "大学": "读 上 考 念 重点 老年 名牌",
        "学院": "师范 职业 技术",
        "医院": (
            "住 去 大 人民 中心 儿童 中医 专科 综合 公立 眼科 肿瘤 口腔 附属 民营 上级 乡镇 私立 三甲 定点 精神病 骨科 保健 康复 美容"
        ),
        "幼儿园": "上 读 公办 民办 私立 公立 普惠 配套 无证",
        "公寓": "安置 老年 商业 住宅 商务 学生 教师 单身 复式 酒店 人才",
        "花园": "后 小 大 空中 私家",
        "广场": "跳 小 大 文化 商业 休闲 市民",
        "大厦": "商业 综合",
        "家园": "美好 美丽 建设",
        "水库": "小型 中型 大型",
        "煤矿": "小 大 国有 私营",
    }.items()
}
"""What may stand before each ending without making a name of it: a whole single character, or the last word."""

ALWAYS_A_WORD: Final = frozenset(
    "农村 公路 道路 马路 铁路 小区 社区 城市 超市 家乡 城乡 乡镇 城镇 小组 大街".split()
)
"""Last character and ending together are a common noun, whatever stands before."""
