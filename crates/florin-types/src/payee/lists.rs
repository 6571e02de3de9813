//! Words of names that mean something else than a name. All in the plainest spelling, see [`super::spelling`].

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a word can be beside a name: see the list of each.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Class {
    pub(super) is_title: bool,
    pub(super) is_degree_part: bool,
    pub(super) is_particle: bool,
    pub(super) is_connector: bool,
    /// Whether it says that a name is not a person's: the form of a company too.
    pub(super) is_no_person: bool,
    pub(super) generation: Option<u8>,
}

/// What the word with this spelling can be.
pub(super) fn class(spelling: &str) -> Class {
    CLASSES.get(spelling).copied().unwrap_or_default()
}

/// The lists that persons' names are held against, in one: a name is looked up in all of them several times.
static CLASSES: LazyLock<HashMap<&str, Class>> = LazyLock::new(|| {
    let mut classes: HashMap<&str, Class> = HashMap::new();
    let mut mark = |words: &[&'static str], mark: fn(&mut Class)| {
        words.iter().for_each(|word| mark(classes.entry(word).or_default()));
    };
    mark(TITLES, |class| class.is_title = true);
    mark(DEGREE_PARTS, |class| class.is_degree_part = true);
    mark(PARTICLES, |class| class.is_particle = true);
    mark(CONNECTORS, |class| class.is_connector = true);
    mark(NOT_A_PERSON, |class| class.is_no_person = true);
    for (form, _) in FORMS.iter().filter(|(form, _)| form.len() == 1) {
        mark(form, |class| class.is_no_person = true);
    }
    for (word, generation) in GENERATIONS {
        classes.entry(word).or_default().generation = Some(*generation);
    }
    classes
});

/// Titles, honorifics, degrees and professions in front of or behind a name.
#[rustfmt::skip]
const TITLES: &[&str] = &[
    // English.
    "mr", "mrs", "ms", "miss", "mx", "sir", "madam", "lady", "lord", "dame", "rev", "reverend", "hon", "esq",
    "capt", "captain", "col", "major", "maj", "lt", "sgt", "gen",
    // Degrees.
    "dr", "doctor", "doktor", "prof", "professor", "profesor", "phd", "dphil", "md", "ba", "bsc", "beng", "bba",
    "llb", "ma", "msc", "meng", "mba", "llm", "mphil", "mag", "magister", "mgr", "dipl", "diplom", "ing", "inz",
    "ir", "drs", "bc", "bca", "csc", "drsc", "mudr", "mvdr", "judr", "rndr", "phdr", "paeddr", "pharmdr", "thdr",
    "hab", "habil", "lek", "doc", "docent", "cpa", "cfa",
    // German.
    "herr", "herrn", "frau", "hr", "fr", "fraulein",
    // Polish, Czech, Slovak.
    "pan", "pani", "panna", "pp", "pana", "slecna",
    // French, Italian, Spanish, Portuguese, Romanian.
    "monsieur", "madame", "mademoiselle", "mme", "mlle", "mons", "maitre", "sig", "signor", "signore", "signora",
    "sigra", "dott", "dottore", "dottoressa", "dottssa", "avv", "avvocato", "arch", "geom", "rag", "sra", "srta",
    "senor", "senora", "senorita", "senhor", "senhora", "don", "dona", "eng", "dl", "dna", "domnul", "doamna",
    // Dutch, Danish, Norwegian, Swedish, Finnish.
    "heer", "dhr", "mevr", "mevrouw", "mw", "meneer", "hr", "fru", "frk", "froken", "herra", "rouva",
    // Lithuanian, Latvian, Estonian, Hungarian, Croatian, Greek, Ukrainian, Russian.
    "ponas", "ponia", "kungs", "kundze", "harra", "proua", "ur", "urno", "gospodin", "gospodja", "gospoda",
    "gosp", "gdja", "gdin", "kyrios", "kyria", "kos", "pane",
];

/// What can follow a degree: "Dr. rer. nat.", "Mag. (FH)". Some are given names otherwise.
const DEGREE_PARTS: &[&str] = &[
    "hc", "h", "c", "med", "univ", "jur", "iur", "phil", "rer", "nat", "pol", "dent", "vet", "techn", "oec",
    "theol", "fh", "mult", "hab", "sc", "d",
];

/// Words that tell father and son apart, with a number for each generation.
const GENERATIONS: &[(&str, u8)] = &[
    ("sr", 1),
    ("sen", 1),
    ("senior", 1),
    ("pere", 1),
    ("jr", 2),
    ("jun", 2),
    ("junior", 2),
    ("fils", 2),
    ("ii", 2),
    ("iii", 3),
    ("iv", 4),
];

/// Small words of family names, which many forms and banks leave out.
#[rustfmt::skip]
const PARTICLES: &[&str] = &[
    "van", "von", "vom", "zu", "zum", "zur", "auf", "der", "den", "dem", "des", "de", "del", "della", "dello",
    "delle", "degli", "dei", "di", "da", "das", "do", "dos", "du", "d", "la", "las", "le", "les", "lo", "los",
    "l", "y", "e", "i", "el", "al", "ul", "bin", "binti", "ibn", "bint", "ben", "abu", "abd", "te", "ten", "ter",
    "t", "op", "het", "in", "af", "av", "st", "saint", "san", "santa", "vd", "vande", "vander", "vanden", "z",
    "ze",
];

/// Words between two persons. Those that a family name can have too ("Ortega y Gasset") are among the particles.
const CONNECTORS: &[&str] = &[
    super::fold::CONNECTOR,
    "and",
    "or",
    "und",
    "oder",
    "bzw",
    "et",
    "ou",
    "oraz",
    "lub",
    "albo",
    "i",
    "a",
    "y",
    "e",
    "o",
    "en",
    "of",
    "och",
    "eller",
    "og",
    "ja",
    "tai",
    "ir",
    "arba",
    "un",
    "vai",
    "ili",
    "si",
    "sau",
    "es",
    "vagy",
    "nebo",
    "alebo",
    "in",
    "ali",
    "kai",
    "ta",
    "abo",
];

/// Words that say that an account is not simply a person's: heirs, guardians, associations, firms.
#[rustfmt::skip]
const NOT_A_PERSON: &[&str] = &[
    "erben", "erbengemeinschaft", "nachlass", "estate", "deceased", "heirs", "executor", "executors",
    "succession", "herederos", "eredi", "spadek", "spadkobiercy", "spolka", "trust", "trustee", "trustees",
    "stiftung", "foundation", "fundacja", "fondation", "fundacion", "fondazione", "verein", "club", "association",
    "stowarzyszenie", "treuhand", "treuhander", "anderkonto", "notar", "notariat", "insolvenzverwalter", "weg",
    "company", "co", "firma", "fa", "care", "minor", "guardian", "betreuer",
    // Firms: "Jan Nowak i Synowie", "Jan Nowak & Partner".
    "sons", "sohne", "soehne", "sohn", "tochter", "synowie", "syn", "synove", "synovia", "figli", "figlio", "hijos",
    "hijo", "filhos", "zonen", "zoon", "zn", "sonner", "soner", "bros", "brothers", "bruder", "gebruder",
    "hermanos", "fratelli", "freres", "bracia", "partner", "partners", "partnerzy", "wspolnicy", "associates",
    "associes", "sozien", "kollegen",
    // And by what they do, in words that are no names: "Jan Nowak Consulting".
    "trading", "consulting", "consult", "services", "solutions", "holding", "group", "invest", "investments",
    "capital", "ventures", "enterprise", "enterprises", "international", "logistics", "technologies", "software",
    "immobilien", "beratung", "transport", "transporte", "uslugi",
];

/// The forms of companies as runs of words, each with the form that it stands for. "o.o." is read as
/// the word "oo", as every run of letters with dots and without spaces between them.
#[rustfmt::skip]
pub(super) const FORMS: &[(&[&str], &str)] = &[
    (&["gesellschaft", "mit", "beschrankter", "haftung"], "gmbh"),
    (&["spolka", "z", "ograniczona", "odpowiedzialnoscia"], "spzoo"),
    (&["spolecnost", "s", "rucenim", "omezenym"], "sro"), (&["spolocnost", "s", "rucenim", "obmedzenym"], "sro"),
    (&["sociedad", "de", "responsabilidad", "limitada"], "sl"),
    (&["societa", "a", "responsabilita", "limitata"], "srl"), (&["gmbh", "&", "co", "kg"], "gmbhcokg"),
    (&["gmbh", "und", "co", "kg"], "gmbhcokg"), (&["gmbh", "&", "co", "kgaa"], "gmbhcokgaa"),
    (&["ug", "haftungsbeschrankt", "&", "co", "kg"], "ugcokg"), (&["ag", "&", "co", "kg"], "agcokg"),
    (&["sp", "z", "o", "o", "sp", "k"], "spzooospk"), (&["sp", "z", "oo", "sp", "k"], "spzooospk"),
    (&["sp", "z", "oo", "sk"], "spzooospk"), (&["sp", "z", "o", "o", "sk"], "spzooospk"),
    (&["sp", "z", "o", "o"], "spzoo"), (&["sp", "z", "oo"], "spzoo"), (&["sp", "zoo"], "spzoo"),
    (&["spzoo"], "spzoo"), (&["s", "p", "z", "o", "o"], "spzoo"), (&["spolka", "akcyjna"], "sa"),
    (&["spolka", "jawna"], "spj"), (&["spolka", "komandytowa"], "spk"), (&["spolka", "cywilna"], "sc"),
    (&["prosta", "spolka", "akcyjna"], "psa"), (&["sp", "j"], "spj"), (&["sp", "k"], "spk"),
    (&["sp", "p"], "spp"), (&["psa"], "psa"), (&["s", "c"], "sc"), (&["sc"], "sc"), (&["&", "co", "kg"], "cokg"),
    (&["und", "co", "kg"], "cokg"), (&["co", "kg"], "cokg"), (&["cokg"], "cokg"), (&["&", "co"], "co"),
    (&["and", "co"], "co"), (&["and", "company"], "co"), (&["&", "company"], "co"),
    (&["ug", "haftungsbeschrankt"], "ug"), (&["ug"], "ug"), (&["gmbh"], "gmbh"), (&["mbh"], "gmbh"),
    (&["gesmbh"], "gmbh"), (&["ggmbh"], "ggmbh"), (&["aktiengesellschaft"], "ag"), (&["ag"], "ag"),
    (&["kgaa"], "kgaa"), (&["kg"], "kg"), (&["ohg"], "ohg"), (&["og"], "og"), (&["gbr"], "gbr"), (&["eg"], "eg"),
    (&["e", "k"], "ek"), (&["ek"], "ek"), (&["e", "v"], "ev"), (&["ev"], "ev"), (&["e", "u"], "eu"),
    (&["partg"], "partg"), (&["partgmbb"], "partg"), (&["private", "limited", "company"], "ltd"),
    (&["public", "limited", "company"], "plc"), (&["limited"], "ltd"), (&["ltd"], "ltd"), (&["plc"], "plc"),
    (&["llp"], "llp"), (&["llc"], "llc"), (&["lp"], "lp"), (&["dac"], "dac"), (&["clg"], "clg"),
    (&["incorporated"], "inc"), (&["inc"], "inc"), (&["corporation"], "corp"), (&["corp"], "corp"),
    (&["societe", "anonyme"], "sa"), (&["s", "a"], "sa"), (&["sa"], "sa"), (&["sas"], "sas"), (&["sasu"], "sasu"),
    (&["sarl"], "sarl"), (&["eurl"], "eurl"), (&["sci"], "sci"), (&["snc"], "snc"), (&["scs"], "scs"),
    (&["sca"], "sca"), (&["naamloze", "vennootschap"], "nv"), (&["besloten", "vennootschap"], "bv"),
    (&["b", "v"], "bv"), (&["n", "v"], "nv"), (&["bv"], "bv"), (&["nv"], "nv"), (&["bvba"], "bvba"),
    (&["srl"], "srl"), (&["sprl"], "sprl"), (&["vof"], "vof"), (&["cv"], "cv"),
    (&["societa", "per", "azioni"], "spa"), (&["s", "p", "a"], "spa"), (&["spa"], "spa"),
    (&["s", "r", "l"], "srl"), (&["srls"], "srls"), (&["sociedad", "limitada"], "sl"),
    (&["sociedad", "anonima"], "sa"), (&["sl"], "sl"), (&["slu"], "slu"), (&["sau"], "sau"), (&["s", "l"], "sl"),
    (&["lda"], "lda"), (&["limitada"], "lda"), (&["unipessoal", "lda"], "lda"), (&["s", "r", "o"], "sro"),
    (&["spol", "s", "r", "o"], "sro"), (&["spol", "sro"], "sro"), (&["spol", "s", "ro"], "sro"),
    (&["sro"], "sro"), (&["a", "s"], "as"), (&["a", "&", "s"], "as"), (&["as"], "as"), (&["k", "s"], "ks"),
    (&["vos"], "vos"), (&["aktieselskab"], "as"), (&["aps"], "aps"), (&["i", "&", "s"], "is"),
    (&["k", "&", "s"], "ks"), (&["asa"], "asa"), (&["aktiebolag"], "ab"), (&["ab"], "ab"), (&["hb"], "hb"),
    (&["kb"], "kb"), (&["osakeyhtio"], "oy"), (&["oyj"], "oyj"), (&["oy"], "oy"), (&["uab"], "uab"),
    (&["uzdaroji", "akcine", "bendrove"], "uab"), (&["mb"], "mb"), (&["vsi"], "vsi"), (&["sia"], "sia"),
    (&["ou"], "ou"), (&["osauhing"], "ou"), (&["mtu"], "mtu"), (&["kft"], "kft"), (&["zrt"], "zrt"),
    (&["nyrt"], "nyrt"), (&["rt"], "rt"), (&["bt"], "bt"), (&["doo"], "doo"), (&["d", "o", "o"], "doo"),
    (&["jdoo"], "jdoo"), (&["dd"], "dd"), (&["d", "d"], "dd"), (&["ad"], "ad"), (&["ood"], "ood"),
    (&["eood"], "eood"), (&["ead"], "ead"), (&["pfa"], "pfa"), (&["ae"], "ae"), (&["epe"], "epe"),
    (&["ike"], "ike"), (&["tov"], "tov"), (&["ooo"], "ooo"), (&["pp"], "pp"), (&["fop"], "fop"), (&["se"], "se"),
    (&["sce"], "sce"), (&["eeig"], "eeig"), (&["ewiv"], "eeig"),
];

/// The forms that stand in front of a name.
pub(super) const FORMS_IN_FRONT: &[&str] =
    &["uab", "ab", "mb", "vsi", "sia", "ou", "as", "tov", "ooo", "pp", "fop"];

/// "And" between the words of a company's name.
pub(super) const COMPANY_CONNECTORS: &[&str] =
    &[super::fold::CONNECTOR, "and", "und", "et", "i", "y", "e", "en", "och", "og", "ja", "ir", "un"];

/// What is written in front of a company's name and is no part of it.
pub(super) const COMPANY_TITLES: &[&str] = &["firma", "fa", "the", "messrs"];
