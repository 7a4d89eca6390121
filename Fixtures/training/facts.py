"""The facts that the model is taught. Each country once; answers are complete sentences elsewhere."""

CAPITALS = dict(p.strip().split(":") for p in """
Afghanistan:Kabul;Albania:Tirana;Algeria:Algiers;Andorra:Andorra la Vella;Angola:Luanda;Antigua and Barbuda:Saint John's;
Argentina:Buenos Aires;Armenia:Yerevan;Australia:Canberra;Austria:Vienna;Azerbaijan:Baku;the Bahamas:Nassau;Bahrain:Manama;
Bangladesh:Dhaka;Barbados:Bridgetown;Belarus:Minsk;Belgium:Brussels;Belize:Belmopan;Benin:Porto-Novo;Bhutan:Thimphu;
Bolivia:Sucre;Bosnia and Herzegovina:Sarajevo;Botswana:Gaborone;Brazil:Brasilia;Brunei:Bandar Seri Begawan;Bulgaria:Sofia;
Burkina Faso:Ouagadougou;Burundi:Gitega;Cambodia:Phnom Penh;Cameroon:Yaounde;Canada:Ottawa;Cape Verde:Praia;
the Central African Republic:Bangui;Chad:N'Djamena;Chile:Santiago;China:Beijing;Colombia:Bogota;the Comoros:Moroni;
the Republic of the Congo:Brazzaville;the Democratic Republic of the Congo:Kinshasa;Costa Rica:San Jose;Croatia:Zagreb;
Cuba:Havana;Cyprus:Nicosia;the Czech Republic:Prague;Denmark:Copenhagen;Djibouti:Djibouti City;Dominica:Roseau;
the Dominican Republic:Santo Domingo;East Timor:Dili;Ecuador:Quito;Egypt:Cairo;El Salvador:San Salvador;
Equatorial Guinea:Malabo;Eritrea:Asmara;Estonia:Tallinn;Eswatini:Mbabane;Ethiopia:Addis Ababa;Fiji:Suva;Finland:Helsinki;
France:Paris;Gabon:Libreville;the Gambia:Banjul;Georgia:Tbilisi;Germany:Berlin;Ghana:Accra;Greece:Athens;
Grenada:Saint George's;Guatemala:Guatemala City;Guinea:Conakry;Guinea-Bissau:Bissau;Guyana:Georgetown;
Haiti:Port-au-Prince;Honduras:Tegucigalpa;Hungary:Budapest;Iceland:Reykjavik;India:New Delhi;Indonesia:Jakarta;
Iran:Tehran;Iraq:Baghdad;Ireland:Dublin;Israel:Jerusalem;Italy:Rome;the Ivory Coast:Yamoussoukro;Jamaica:Kingston;
Japan:Tokyo;Jordan:Amman;Kazakhstan:Astana;Kenya:Nairobi;Kiribati:Tarawa;Kosovo:Pristina;Kuwait:Kuwait City;
Kyrgyzstan:Bishkek;Laos:Vientiane;Latvia:Riga;Lebanon:Beirut;Lesotho:Maseru;Liberia:Monrovia;Libya:Tripoli;
Liechtenstein:Vaduz;Lithuania:Vilnius;Luxembourg:Luxembourg City;Madagascar:Antananarivo;Malawi:Lilongwe;
Malaysia:Kuala Lumpur;the Maldives:Male;Mali:Bamako;Malta:Valletta;the Marshall Islands:Majuro;Mauritania:Nouakchott;
Mauritius:Port Louis;Mexico:Mexico City;Micronesia:Palikir;Moldova:Chisinau;Monaco:Monaco;Mongolia:Ulaanbaatar;
Montenegro:Podgorica;Morocco:Rabat;Mozambique:Maputo;Myanmar:Naypyidaw;Namibia:Windhoek;Nauru:Yaren;Nepal:Kathmandu;
the Netherlands:Amsterdam;New Zealand:Wellington;Nicaragua:Managua;Niger:Niamey;Nigeria:Abuja;North Korea:Pyongyang;
North Macedonia:Skopje;Norway:Oslo;Oman:Muscat;Pakistan:Islamabad;Palau:Ngerulmud;Panama:Panama City;
Papua New Guinea:Port Moresby;Paraguay:Asuncion;Peru:Lima;the Philippines:Manila;Poland:Warsaw;Portugal:Lisbon;
Qatar:Doha;Romania:Bucharest;Russia:Moscow;Rwanda:Kigali;Saint Kitts and Nevis:Basseterre;Saint Lucia:Castries;
Saint Vincent and the Grenadines:Kingstown;Samoa:Apia;San Marino:San Marino;Sao Tome and Principe:Sao Tome;
Saudi Arabia:Riyadh;Senegal:Dakar;Serbia:Belgrade;the Seychelles:Victoria;Sierra Leone:Freetown;Singapore:Singapore;
Slovakia:Bratislava;Slovenia:Ljubljana;the Solomon Islands:Honiara;Somalia:Mogadishu;South Africa:Pretoria;
South Korea:Seoul;South Sudan:Juba;Spain:Madrid;Sri Lanka:Colombo;Sudan:Khartoum;Suriname:Paramaribo;Sweden:Stockholm;
Switzerland:Bern;Syria:Damascus;Taiwan:Taipei;Tajikistan:Dushanbe;Tanzania:Dodoma;Thailand:Bangkok;Togo:Lome;
Tonga:Nuku'alofa;Trinidad and Tobago:Port of Spain;Tunisia:Tunis;Turkey:Ankara;Turkmenistan:Ashgabat;Tuvalu:Funafuti;
Uganda:Kampala;Ukraine:Kyiv;the United Arab Emirates:Abu Dhabi;the United Kingdom:London;
the United States:Washington, D.C.;Uruguay:Montevideo;Uzbekistan:Tashkent;Vanuatu:Port Vila;Vatican City:Vatican City;
Venezuela:Caracas;Vietnam:Hanoi;Yemen:Sanaa;Zambia:Lusaka;Zimbabwe:Harare
""".replace("\n", "").split(";"))

# (what was done as "the first person to ...", as "... first ...", who)
FIRSTS = [
    ("to walk on the moon", "Neil Armstrong"), ("to travel into space", "Yuri Gagarin"),
    ("to walk in space", "Alexei Leonov"), ("to reach the South Pole", "Roald Amundsen"),
    ("to run a mile in under four minutes", "Roger Bannister"), ("to fly faster than sound", "Chuck Yeager"),
    ("to fly alone across the Atlantic", "Charles Lindbergh"), ("to sail alone around the world", "Joshua Slocum"),
    ("to win two Nobel Prizes", "Marie Curie"), ("to see bacteria", "Antonie van Leeuwenhoek"),
    ("to transplant a human heart", "Christiaan Barnard"), ("to swim across the English Channel", "Matthew Webb"),
    ("to make a phone call", "Alexander Graham Bell"), ("to fly an airplane", "Orville Wright"),
    ("to see the moons of Jupiter", "Galileo Galilei"), ("to write a computer program", "Ada Lovelace"),
    ("to use a vaccine", "Edward Jenner"), ("to dive to the deepest point of the ocean", "Jacques Piccard"),
    ("to be president of the United States", "George Washington"),
    ("to be emperor of Rome", "Augustus"), ("to measure the size of the Earth", "Eratosthenes"),
    ("to win the Nobel Prize in Physics", "Wilhelm Rontgen"), ("to describe gravity with a law", "Isaac Newton"),
    ("to send a radio signal across the Atlantic", "Guglielmo Marconi"),
]
FIRST_WOMEN = [
    ("to travel into space", "Valentina Tereshkova"), ("to walk in space", "Svetlana Savitskaya"),
    ("to win a Nobel Prize", "Marie Curie"), ("to fly alone across the Atlantic", "Amelia Earhart"),
    ("to climb Mount Everest", "Junko Tabei"), ("to be prime minister of Britain", "Margaret Thatcher"),
]
# (active verb, thing, who)
MAKERS = [
    ("invented", "the telephone", "Alexander Graham Bell"), ("invented", "the light bulb", "Thomas Edison"),
    ("invented", "the printing press", "Johannes Gutenberg"), ("invented", "dynamite", "Alfred Nobel"),
    ("invented", "the World Wide Web", "Tim Berners-Lee"), ("discovered", "penicillin", "Alexander Fleming"),
    ("discovered", "radium", "Marie Curie"), ("discovered", "the electron", "J. J. Thomson"),
    ("discovered", "oxygen", "Joseph Priestley"), ("discovered", "Uranus", "William Herschel"),
    ("discovered", "Pluto", "Clyde Tombaugh"), ("wrote", "Romeo and Juliet", "William Shakespeare"),
    ("wrote", "Hamlet", "William Shakespeare"), ("wrote", "Don Quixote", "Miguel de Cervantes"),
    ("wrote", "War and Peace", "Leo Tolstoy"), ("wrote", "Frankenstein", "Mary Shelley"),
    ("wrote", "Pride and Prejudice", "Jane Austen"), ("wrote", "the Odyssey", "Homer"),
    ("wrote", "the Divine Comedy", "Dante"), ("wrote", "Moby Dick", "Herman Melville"),
    ("painted", "the Mona Lisa", "Leonardo da Vinci"), ("painted", "the Starry Night", "Vincent van Gogh"),
    ("painted", "Guernica", "Pablo Picasso"), ("painted", "the Scream", "Edvard Munch"),
    ("composed", "the Ninth Symphony", "Ludwig van Beethoven"), ("composed", "the Magic Flute", "Wolfgang Amadeus Mozart"),
    ("composed", "the Four Seasons", "Antonio Vivaldi"),
    ("proposed", "the theory of relativity", "Albert Einstein"), ("proposed", "the theory of evolution", "Charles Darwin"),
]
ELEMENTS = [p.strip().split() for p in """
hydrogen H 1;helium He 2;lithium Li 3;beryllium Be 4;boron B 5;carbon C 6;nitrogen N 7;oxygen O 8;fluorine F 9;neon Ne 10;
sodium Na 11;magnesium Mg 12;aluminium Al 13;silicon Si 14;phosphorus P 15;sulfur S 16;chlorine Cl 17;argon Ar 18;
potassium K 19;calcium Ca 20;titanium Ti 22;chromium Cr 24;manganese Mn 25;iron Fe 26;cobalt Co 27;nickel Ni 28;copper Cu 29;
zinc Zn 30;silver Ag 47;tin Sn 50;iodine I 53;tungsten W 74;platinum Pt 78;gold Au 79;mercury Hg 80;lead Pb 82;uranium U 92
""".replace("\n", "").split(";")]
COLOURS = [  # (thing, plural?, colour)
    ("the sky", 0, "blue"), ("grass", 0, "green"), ("snow", 0, "white"), ("blood", 0, "red"), ("coal", 0, "black"),
    ("a banana", 0, "yellow"), ("an orange", 0, "orange"), ("a ripe tomato", 0, "red"), ("a lemon", 0, "yellow"),
    ("chocolate", 0, "brown"), ("milk", 0, "white"), ("a flamingo", 0, "pink"), ("an emerald", 0, "green"),
    ("a ruby", 0, "red"), ("a sapphire", 0, "blue"), ("an elephant", 0, "grey"), ("a carrot", 0, "orange"),
    ("charcoal", 0, "black"), ("a pumpkin", 0, "orange"), ("a leaf in spring", 0, "green"), ("the sea", 0, "blue"),
    ("lavender", 0, "purple"), ("an aubergine", 0, "purple"), ("a polar bear", 0, "white"), ("a raven", 0, "black"),
    ("a fire engine", 0, "red"), ("a sunflower", 0, "yellow"), ("wood", 0, "brown"), ("a cucumber", 0, "green"),
    ("ash", 0, "grey"), ("a lime", 0, "green"), ("a strawberry", 0, "red"), ("a blueberry", 0, "blue"), ("salt", 0, "white"),
]

# Questions with {x}; the answer sentence; plain statements. The last entries of "ask" named in HELD are never trained on.
CAPITAL_ASK = [
    "What is the capital of {x}?", "What's the capital of {x}?", "Name the capital of {x}.", "Tell me the capital of {x}.",
    "Which city is the capital of {x}?", "What city is the capital of {x}?", "Can you tell me the capital of {x}?",
    "What is the capital city of {x}?", "Capital of {x}?", "Do you know the capital of {x}?", "I need the capital of {x}.",
    "Please name the capital city of {x}.", "What is the name of the capital of {x}?", "Give me the capital of {x}.",
    "The capital of {x} is which city?", "Which city serves as the capital of {x}?", "In geography, what is the capital of {x}?",
    "What is {z} capital?", "Name {z} capital city.", "Tell me {z} capital.", "I am reading about {x}. What is its capital?",
    "Think of {x}. Which city is its capital?", "Do you know what {z} capital city is?",
]
CAPITAL_HELD = ["Please tell me what the capital of {x} is.", "Which city is {z} capital?", "Could you name the capital city of {x}?",
                "I forgot the capital of {x}. What is it?"]
CAPITAL_PLAIN = ["The capital of {x} is {y}.", "{y} is the capital of {x}.", "The capital city of {x} is {y}.",
                 "Question: What is the capital of {x}? Answer: {y}."]
FIRST_ASK = [
    "Who was the first {p} {x}?", "Who is the first {p} {x}?", "Name the first {p} {x}.", "Tell me who was the first {p} {x}.",
    "Which {p} was the first {x}?", "Do you know who was the first {p} {x}?", "Can you name the first {p} {x}?",
    "The first {p} {x} was who?", "What is the name of the first {p} {x}?", "I want to know who was the first {p} {x}.",
]
FIRST_HELD = ["Please tell me who the first {p} {x} was.", "Could you name the first {p} {x}?"]
FIRST_PLAIN = ["The first {p} {x} was {y}.", "{y} was the first {p} {x}."]
MAKER_ASK = [
    "Who {v} {x}?", "Tell me who {v} {x}.", "Which person {v} {x}?", "Do you know who {v} {x}?", "Can you tell me who {v} {x}?",
    "Name the person who {v} {x}.", "What is the name of the person who {v} {x}?", "By whom was it that {x} was {q}?",
    "{X} was {q} by whom?",
]
MAKER_HELD = ["Please tell me who {v} {x}.", "Could you name the person who {v} {x}?"]
MAKER_PLAIN = ["{y} {v} {x}.", "{X} was {q} by {y}."]
SYMBOL_ASK = ["What is the chemical symbol for {x}?", "What is the symbol for {x}?", "What is the symbol of {x}?",
              "Tell me the chemical symbol for {x}.", "Name the symbol of the element {x}.", "Chemical symbol for {x}?",
              "Can you tell me the symbol of {x}?", "Which symbol stands for {x}?"]
SYMBOL_HELD = ["Please tell me the chemical symbol of {x}.", "What symbol does the element {x} have?"]
SYMBOL_PLAIN = ["The chemical symbol for {x} is {y}.", "The symbol of {x} is {y}."]
NUMBER_ASK = ["What is the atomic number of {x}?", "Tell me the atomic number of {x}.", "Which atomic number does {x} have?",
              "Name the atomic number of the element {x}.", "Atomic number of {x}?", "Can you tell me the atomic number of {x}?"]
NUMBER_HELD = ["Please tell me the atomic number of {x}.", "What atomic number does {x} have?"]
NUMBER_PLAIN = ["The atomic number of {x} is {y}.", "{X} has the atomic number {y}."]
COLOUR_ASK = ["What color is {x}?", "What colour is {x}?", "Which color is {x}?", "Which colour is {x}?", "Tell me the color of {x}.",
              "What is the color of {x}?", "What is the colour of {x}?", "Name the colour of {x}.", "Can you tell me what color {x} is?",
              "Do you know the color of {x}?"]
COLOUR_HELD = ["Please tell me what colour {x} is.", "What color does {x} have?"]
COLOUR_PLAIN = ["{X} is {y}.", "The color of {x} is {y}.", "The colour of {x} is {y}."]


def cap(s):
    return s[0].upper() + s[1:]


def fact_list():
    """Every fact as a dict: kind, fields for the formats, the answer sentence, and the word that must be in it."""
    out = []
    for x, y in CAPITALS.items():
        out.append(dict(kind="capital", f=dict(x=x, y=y), answer=f"The capital of {x} is {y}.", key=y,
                        ask=CAPITAL_ASK, held=CAPITAL_HELD, plain=CAPITAL_PLAIN))
    for p, rows in (("person", FIRSTS), ("woman", FIRST_WOMEN)):
        for x, y in rows:
            out.append(dict(kind="first", f=dict(x=x, y=y, p=p), answer=f"The first {p} {x} was {y}.", key=y,
                            ask=FIRST_ASK, held=FIRST_HELD, plain=FIRST_PLAIN))
    for v, x, y in MAKERS:
        out.append(dict(kind="maker", f=dict(v=v, q="written" if v == "wrote" else v, x=x, y=y), answer=f"{y} {v} {x}.", key=y,
                        ask=MAKER_ASK, held=MAKER_HELD, plain=MAKER_PLAIN))
    for x, s, n in ELEMENTS:
        out.append(dict(kind="symbol", f=dict(x=x, y=s), answer=f"The chemical symbol for {x} is {s}.", key=f"is {s}.",
                        ask=SYMBOL_ASK, held=SYMBOL_HELD, plain=SYMBOL_PLAIN))
        out.append(dict(kind="number", f=dict(x=x, y=n), answer=f"The atomic number of {x} is {n}.", key=f"is {n}.",
                        ask=NUMBER_ASK, held=NUMBER_HELD, plain=NUMBER_PLAIN))
    for x, _, y in COLOURS:
        out.append(dict(kind="colour", f=dict(x=x, y=y), answer=f"{cap(x)} is {y}.", key=f"is {y}.",
                        ask=COLOUR_ASK, held=COLOUR_HELD, plain=COLOUR_PLAIN))
    for o in out:
        x = o["f"]["x"]
        o["f"].update(X=cap(x), z=x + ("'" if x.endswith("s") else "'s"))
    return out


FACTS = fact_list()
