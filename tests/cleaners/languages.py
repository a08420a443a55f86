"""A sentence of news in each of a dozen languages, in our own words."""

FRENCH = "Le maire d’Aubermont a déclaré lundi que l’accord était « historique », après des mois de négociations."
GERMAN = "Der Bürgermeister äußerte sich am Montag über die Brücke in Köln: „Wir müssen größere Schäden befürchten.“"
ENGLISH = "The café’s owner said “we won’t close” – a pledge that cost £4,000 a week, paid in full by the council."
CZECH = (
    "Starosta uvedl, že město schválilo nový rozpočet. Příští týden o něm bude jednat rada, žádné změny se nečekají."
)
TURKISH = "Belediye başkanı pazartesi günü yeni köprünün açılışında konuştu ve işsizliğin düştüğünü söyledi."
RUSSIAN = "Мэр города заявил в понедельник, что новый мост откроют на следующей неделе, сообщает агентство."
GREEK = "Ο δήμαρχος ανακοίνωσε τη Δευτέρα ότι η νέα γέφυρα θα ανοίξει την επόμενη εβδομάδα."
JAPANESE = "市長は月曜日、新しい橋が来週開通すると発表した。記者会見で「安全を最優先する」と述べた。"
CHINESE = "市长星期一宣布，新桥将于下周通车。他在记者会上表示，安全是第一位的，市民反应积极。"
TAIWANESE = "市長星期一宣布，新橋將於下週通車。他在記者會上表示，安全是第一位的，市民反應積極。"
KOREAN = "시장은 월요일 새 다리가 다음 주에 개통된다고 발표했다. 그는 기자회견에서 안전이 최우선이라고 말했다."
ARABIC = "أعلن رئيس البلدية يوم الاثنين أن الجسر الجديد سيفتح الأسبوع المقبل، وقال إن السلامة تأتي أولا."
