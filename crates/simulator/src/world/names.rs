//! Names of invented people, topics and places.

pub(crate) const FIRST_NAMES: [&str; 48] = [
    "Ada", "Amara", "André", "Anna", "Björn", "Carlos", "Chen", "Chloé", "Daniel", "Elif", "Emma",
    "Farid", "Fatima", "Felix", "Greta", "Hana", "Hiroshi", "Ingrid", "Ivan", "Jana", "Jonas",
    "Julia", "Kofi", "Lars", "Leïla", "Lena", "Luca", "Lucía", "Mads", "Maria", "Marek", "Mei",
    "Mia", "Noah", "Nora", "Olga", "Oskar", "Paolo", "Priya", "Rosa", "Samir", "Sofia", "Søren",
    "Tariq", "Tomás", "Yara", "Yusuf", "Zoë",
];

pub(crate) const LAST_NAMES: [&str; 48] = [
    "Abebe",
    "Alvarez",
    "Andersen",
    "Bauer",
    "Bianchi",
    "Brown",
    "Conti",
    "Costa",
    "Dubois",
    "Díaz",
    "Eriksson",
    "Farkas",
    "Fischer",
    "García",
    "Haddad",
    "Hansen",
    "Horváth",
    "Ito",
    "Jansen",
    "Jensen",
    "Kaya",
    "Keller",
    "Khan",
    "Kowalski",
    "Laurent",
    "Lindqvist",
    "Lopez",
    "Martin",
    "Mensah",
    "Meyer",
    "Moreau",
    "Müller",
    "Nguyen",
    "Novák",
    "O'Brien",
    "Okafor",
    "Patel",
    "Petrov",
    "Rossi",
    "Santos",
    "Schäfer",
    "Silva",
    "Smith",
    "Tanaka",
    "Virtanen",
    "Wagner",
    "Wang",
    "Yilmaz",
];

/// Topics of courses, each in English, German, French and Spanish.
pub(crate) const TOPICS: [[&str; 4]; 20] = [
    ["Data protection", "Datenschutz", "Protection des données", "Protección de datos"],
    ["Fire safety", "Brandschutz", "Sécurité incendie", "Seguridad contra incendios"],
    ["First aid", "Erste Hilfe", "Premiers secours", "Primeros auxilios"],
    ["Statistics", "Statistik", "Statistiques", "Estadística"],
    ["Project planning", "Projektplanung", "Gestion de projet", "Gestión de proyectos"],
    ["Negotiation", "Verhandeln", "Négociation", "Negociación"],
    ["Cell biology", "Zellbiologie", "Biologie cellulaire", "Biología celular"],
    ["Linear algebra", "Lineare Algebra", "Algèbre linéaire", "Álgebra lineal"],
    ["Electrical safety", "Elektrosicherheit", "Sécurité électrique", "Seguridad eléctrica"],
    ["Leading teams", "Teams führen", "Diriger une équipe", "Dirigir equipos"],
    ["Accounting", "Buchhaltung", "Comptabilité", "Contabilidad"],
    ["Hygiene", "Hygiene", "Hygiène", "Higiene"],
    ["Programming", "Programmieren", "Programmation", "Programación"],
    ["Customer care", "Kundenbetreuung", "Service client", "Atención al cliente"],
    ["World history", "Weltgeschichte", "Histoire mondiale", "Historia universal"],
    ["Chemistry", "Chemie", "Chimie", "Química"],
    ["Machine safety", "Maschinensicherheit", "Sécurité des machines", "Seguridad de máquinas"],
    ["Public speaking", "Reden halten", "Prise de parole", "Hablar en público"],
    ["Climate science", "Klimaforschung", "Science du climat", "Ciencia del clima"],
    ["Ethics", "Ethik", "Éthique", "Ética"],
];

/// Languages, in the order of the topics.
pub(crate) const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];

/// The word for a module, in the order of the languages.
pub(crate) const MODULE_WORDS: [&str; 4] = ["Module", "Modul", "Module", "Módulo"];

/// The word for a question, in the order of the languages.
pub(crate) const QUESTION_WORDS: [&str; 4] = ["Question", "Frage", "Question", "Pregunta"];

pub(crate) const DIVISIONS: [&str; 8] =
    ["Research", "Production", "Sales", "Care", "Logistics", "Finance", "Engineering", "Teaching"];
