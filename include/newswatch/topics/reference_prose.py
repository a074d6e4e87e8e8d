"""Reference prose: a little ordinary text a language, in which a term that is too common shows itself."""

from __future__ import annotations

PROSE = {
    "en": """
    The road to the village was closed for most of the week, and the people who live there had to take the old
    path along the river. In the morning the baker came with his cart, as he had done for years, but nobody was
    at the gate. It was said that the bridge would be open again by the end of the month. A woman who had lived
    in the last house for forty years told us that she was not afraid of the water, for it had come and gone
    before. They have a boat at the back of the barn, and in it there are two blankets, a lamp and a box with
    all of the letters that her son had sent from the city. If the rain comes back, she will go up to the hill
    with the dog and wait until it is over. We asked what she would do with the cow. She smiled and said that
    the cow knows the way better than any of us, and that on such a night it is best to follow those who do not
    talk.""",
    "de": """
    Die Straße zum Dorf war fast die ganze Woche gesperrt, und die Leute, die dort wohnen, mussten den alten Weg
    am Fluss nehmen. Am Morgen kam der Bäcker mit seinem Wagen, wie er es seit Jahren tat, aber am Tor war
    niemand. Es hieß, dass die Brücke bis zum Ende des Monats wieder offen sei. Eine Frau, die seit vierzig
    Jahren im letzten Haus lebt, sagte uns, dass sie vor dem Wasser keine Angst habe, denn es sei auch früher
    gekommen und gegangen. Sie hat ein Boot hinter der Scheune, und in dem Boot liegen zwei Decken, eine Lampe
    und ein Kasten mit den Briefen, die der Sohn aus der Stadt geschickt hat. Wenn der Regen wiederkommt, geht
    sie mit dem Hund auf den Hügel und wartet, bis es vorbei ist. Wir fragten, was sie mit der Kuh mache. Da
    lächelte sie und sagte, dass die Kuh den Weg besser kenne als wir alle und dass man in so einer Nacht denen
    folgen solle, die nicht reden.""",
    "fr": """
    La route du village est restée fermée presque toute la semaine, et les gens qui y vivent ont dû prendre le
    vieux chemin le long de la rivière. Le matin, le boulanger est venu avec sa charrette, comme il le faisait
    depuis des années, mais il n'y avait personne à la porte. On disait que le pont serait de nouveau ouvert à
    la fin du mois. Une femme qui habite la dernière maison depuis quarante ans nous a dit qu'elle n'avait pas
    peur de l'eau, car elle était déjà venue et repartie. Elle a une barque derrière la grange, et dans la
    barque il y a deux couvertures, une lampe et une boîte avec les lettres que son fils lui a envoyées de la
    ville. Si la pluie revient, elle montera sur la colline avec le chien et elle attendra que ce soit fini.
    Nous avons demandé ce qu'elle ferait de la vache. Elle a souri et a dit que la vache connaît le chemin mieux
    que nous.""",
    "es": """
    El camino del pueblo estuvo cerrado casi toda la semana, y la gente que vive allí tuvo que tomar la vieja
    senda que va junto al río. Por la mañana llegó el panadero con su carro, como lo hacía desde hace años, pero
    no había nadie en la puerta. Se decía que el puente estaría abierto de nuevo al final del mes. Una mujer que
    vive en la última casa desde hace cuarenta años nos dijo que no tenía miedo del agua, porque ya había venido
    y se había ido. En el granero tiene una barca, y en la barca hay dos mantas, una lámpara y una caja con las
    cartas que el hijo le mandó de la ciudad. Si vuelve la lluvia, subirá a la colina con el perro y esperará
    hasta que todo pase. Le preguntamos qué haría con la vaca. Sonrió y dijo que la vaca conoce el camino mejor
    que nosotros y que en una noche así lo mejor es seguir a los que no hablan.""",
    "pl": """
    Droga do wsi była zamknięta prawie przez cały tydzień i ludzie, którzy tam mieszkają, musieli iść starą
    ścieżką nad rzeką. Rano przyjechał piekarz na swoim wozie, tak jak to robił od lat, ale przy bramie nikogo
    nie było. Mówiono, że most będzie znowu otwarty do końca miesiąca. Kobieta, która od czterdziestu lat
    mieszka w ostatnim domu, powiedziała nam, że nie boi się wody, bo woda już nieraz przyszła i odeszła. Za
    stodołą ma łódź, a w łodzi leżą dwa koce, lampa i pudełko z listami, które syn przysłał jej z miasta. Jeśli
    deszcz wróci, pójdzie z psem na wzgórze i poczeka, aż to się skończy. Zapytaliśmy, co zrobi z krową.
    Uśmiechnęła się i powiedziała, że krowa zna drogę lepiej niż my wszyscy i że w taką noc najlepiej iść za
    tymi, którzy nie mówią.""",
    "ru": """
    Дорога в деревню была закрыта почти всю неделю, и люди, которые там живут, ходили по старой тропе у реки.
    Утром приехал пекарь на своей телеге, как он это делал уже много лет, но у ворот никого не было. Говорили,
    что мост снова откроют к концу месяца. Женщина, которая сорок лет живёт в последнем доме, сказала нам, что
    воды она не боится, потому что вода и раньше приходила и уходила. За сараем у неё лодка, а в лодке лежат два
    одеяла, лампа и коробка с письмами, которые сын прислал ей из города. Если дождь вернётся, она пойдёт с
    собакой на холм и будет ждать, пока всё не кончится. Мы спросили, что она сделает с коровой. Она улыбнулась
    и сказала, что корова знает дорогу лучше, чем все мы, и что в такую ночь лучше всего идти за теми, кто не
    говорит.""",
    "uk": """
    Дорога до села була закрита майже цілий тиждень, і люди, які там живуть, ходили старою стежкою біля річки.
    Уранці приїхав пекар на своєму возі, як він це робив уже багато років, але біля воріт нікого не було.
    Казали, що міст знову відкриють до кінця місяця. Жінка, яка сорок років живе в останній хаті, сказала нам,
    що води вона не боїться, бо вода й раніше приходила та йшла собі. За стодолою в неї човен, а в човні лежать
    дві ковдри, лампа та скринька з листами, які син надіслав їй із міста. Якщо дощ повернеться, вона піде з
    собакою на пагорб і чекатиме, поки все не скінчиться. Ми запитали, що вона зробить із коровою. Вона
    усміхнулася і сказала, що корова знає дорогу краще, ніж усі ми, і що такої ночі найкраще йти за тими, хто не
    говорить.""",
}
