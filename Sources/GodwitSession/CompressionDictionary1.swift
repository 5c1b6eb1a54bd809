/// Dictionary 1: what people write to each other in English and Chinese, and the strings around it. Written for this
/// project; the likelier something is, the further back it stands, because deflate spends fewer bits on short distances.
/// **Never change a byte of it**: both ends must have the same.
enum CompressionDictionary1 {
    static let text = """
        {"id":"","type":"text","name":"","status":"ok","error":null,"value":0,"items":[],"from":"","to":"",\
        "body":"","url":"https://www.example.com/index.html","title":"","time":"2026-01-01T00:00:00Z","count":1,\
        "true","false"}application/json; charset=utf-8 image/jpeg image/png audio/mp4 video/mp4 .jpg .png .pdf .html \
        http:// https:// www. .com .org .net .cn @gmail.com @qq.com 0123456789 10:00 12:30 18:30 2025 2026 2027 \
        Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April June July August \
        September October November December weekend yesterday tomorrow tonight this morning this afternoon this evening \
        last night next week last week next month last year minutes hours days weeks months years \
        unknown recipient, the account does not exist; wrong password, try again; the message is too large; \
        the server is overloaded, please try again later; the session has expired, log in again; not logged in; \
        网络不太好 信号不好 等一下 马上到 到了吗 在路上 堵车了 刚到家 下班了 上班 开会 会议 文件 发给你 收到了 照片 图片 \
        视频 语音 电话 微信 红包 转账 地址 公司 学校 医院 机场 火车站 地铁 高铁 飞机 酒店 餐厅 咖啡 晚饭 午饭 早饭 吃饭了吗 \
        生日快乐 新年快乐 恭喜恭喜 祝你 身体健康 周末 星期一 星期二 星期三 星期四 星期五 星期六 星期天 上午 下午 晚上 早上 \
        今天天气 明天见 后天 昨天 去年 明年 下个月 上个月 小时 分钟 左右 之前 之后 以后 以前 然后 因为 所以 但是 如果 的话 \
        虽然 不过 而且 或者 还是 已经 正在 一直 可能 应该 需要 必须 能不能 可不可以 要不要 是不是 有没有 知道 觉得 认为 希望 \
        喜欢 想要 开始 结束 问题 工作 时间 地方 东西 朋友 老师 同学 同事 家人 妈妈 爸爸 孩子 老婆 老公 哥哥 姐姐 弟弟 妹妹 \
        人工智能 机器人 计算机 电脑 手机 软件 程序 语言 中文 英文 世界 国家 中国 北京 上海 广州 深圳 历史 科学 音乐 电影 \
        什么意思 为什么 怎么样 怎么办 多少钱 什么时候 在哪里 谁知道 哪一个 你是谁 你叫什么名字 我的名字是 你今天好吗 \
        我不知道 我觉得 我想 我们 你们 他们 她们 大家 自己 别人 这个 那个 这里 那里 这样 那样 这些 那些 一个 一下 一些 一起 \
        没关系 没问题 不客气 不好意思 对不起 谢谢你 非常感谢 太好了 好的好的 可以的 当然可以 真的吗 是的 不是 没有 就是 还有 \
        不要 不会 不能 不用 不行 哈哈哈哈 嗯嗯 哦哦 好吧 行吧 晚安 早安 再见 拜拜 加油 辛苦了 你好，请问 您好！ 你在干什么？ \
        我在家。 我马上过来。 今天晚上有空吗？ 我们一起去吃饭吧。 你什么时候到？ 明天几点见面？ 好的，明天见。 谢谢！ 😂😊👍❤️🎉🙏 \
        computer software program language artificial intelligence robot machine science history movie music book \
        president government country world war people children family mother father brother sister husband wife \
        friend girlfriend boyfriend school university teacher student hospital doctor office company business money \
        information question answer problem because although however therefore probably actually definitely \
        especially something anything everything nothing someone anyone everyone somewhere together another \
        different important beautiful interesting difficult favorite possible sorry happy birthday Happy New Year \
        Congratulations! Merry Christmas weather restaurant coffee breakfast lunch dinner airport station train \
        flight hotel ticket picture photo video address phone number email meeting document message network \
        connection signal battery password account login understand remember believe thought through enough already \
        always never sometimes usually really maybe almost around before after again still until while since \
        between without within during should would could might cannot couldn't wouldn't shouldn't doesn't didn't \
        isn't aren't wasn't weren't haven't hasn't won't can't don't I've you've we've they've I'd you'd I'll you'll \
        we'll they'll it'll that's what's there's here's let's who's where's how's he's she's it's you're we're \
        they're I'm going to want to have to need to used to able to trying to looking for talking about think about \
        a lot of kind of sort of out of one of some of all of most of because of in front of in the middle of \
        at the end of on the other hand as soon as possible as well as in order to at least at the same time \
        by the way for example of course no problem never mind just a moment hold on, give me a minute, \
        Sorry, I was in a meeting. The network here is terrible, I lost the connection for a moment. \
        Did you get my last message? I will be there in about ten minutes. I'm on my way. I'm running late, \
        the train is delayed. Are you home yet? Call me when you get there. Where are you now? \
        What time is it? What time should we meet? Let me know when you are ready. Can you send me the \
        address? I'll send you the photos later. See you tomorrow! See you soon. Good night! Good morning! \
        Have a nice day! Take care. Thank you very much! Thanks a lot. You're welcome. I don't know what \
        you mean. I don't think so. I don't understand. That sounds good. That's great! Sounds good to me. \
        Do you want to go to the movies with me? Would you like to have dinner with us on Saturday? \
        What are you doing? What do you think about that? What is your name? My name is How old are you? \
        Where are you from? Who are you? Why do you ask? How do you feel? What is the meaning of life? \
        Tell me about yourself. Do you like Do you know Do you have Are you a Can you Could you please \
        Will you I am a I was I have been I would like to I think that I want to I need to I hope that \
        You should You are There is There are It is a It was This is the That is the What is the Who is the \
        When did Where is the How many How much Which one We can They are He is She has been \
        with the from the about the for the and the that the to be in the of the on the at the is a \
        not that this have with your from they been were what when will more some them than then into only \
        other also time very just know take come good make like well back even give most day us want \
        haha lol ok okay yes no yeah sure great thanks please hi hello hey Hello, how are you? I'm fine, \
        thank you. And you? Hi, how are you doing today? 你好！你好吗？我很好，谢谢。好的，收到。 \
        , and I the to you a is it in that of for on.
        """
}
