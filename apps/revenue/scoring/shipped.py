"""The rules that come with Atoll Revenue: who the lead is, how it can be reached, how it came, and how often."""

from .rule import Dimension, Rule, When

MAILBOX = (
    Rule(
        name="company_mailbox", group="mailbox", looks_at="fact.mailbox", when=When(one_of=("company",)), points=20,
        sentence="Writes from a company's own domain.",
    ),
    Rule(
        name="disposable_mailbox", group="mailbox", looks_at="fact.mailbox", when=When(one_of=("disposable",)),
        points=-40, sentence="Writes from a throw-away address.",
    ),
    Rule(
        name="free_mailbox", group="mailbox", looks_at="fact.mailbox", when=When(one_of=("free",)), points=0,
        sentence="Writes from a free mailbox, which says nothing about a company.",
    ),
    Rule(
        name="shared_mailbox", looks_at="fact.role", when=When(present=True), points=-10,
        sentence="Shares the mailbox `{value}` with colleagues: there is no person to answer.",
    ),
)  # fmt: skip

REACH = (
    Rule(
        name="email", looks_at="fact.email", when=When(present=True), points=10, sentence="Can be reached by e-mail.",
    ),
    Rule(
        name="no_email", looks_at="lead.email", when=When(present=False), points=-10, sentence="Has no e-mail address.",
    ),
    Rule(
        name="mobile", group="phone", looks_at="fact.phone_type", when=When(one_of=("mobile", "landline_or_mobile")),
        points=12, sentence="Can be called on a mobile.",
    ),
    Rule(
        name="phone", group="phone", looks_at="fact.phone_type", when=When(present=True), points=8,
        sentence="Can be called.",
    ),
    Rule(
        name="wrong_phone", group="phone", looks_at="fact.phone_fault", when=When(present=True), points=-3,
        sentence="The phone number does not work. {value}",
    ),
)  # fmt: skip

ROLE = (
    Rule(
        name="not_a_buyer", group="role", looks_at="lead.title", points=-15,
        when=When(has_word=(
            "student", "intern", "trainee", "praktikant", "praktikantin", "werkstudent", "werkstudentin", "studentin",
            "stagiaire", "estudiante", "studente", "retired", "rentner", "rentnerin",
        )),
        sentence="Does not buy for a company: {value}.",
    ),
    Rule(
        name="near_a_decision", group="role", looks_at="lead.title", points=8,
        when=When(has_word=("assistant", "assistent", "assistentin", "assistenz", "product owner", "partner manager")),
        sentence="Works close to those who decide: {value}.",
    ),
    Rule(
        name="decides", group="role", looks_at="lead.title", points=25,
        when=When(has_word=(
            "ceo", "cfo", "cto", "cio", "coo", "cmo", "cro", "chief", "founder", "cofounder", "owner", "partner",
            "managing director", "general manager", "vorstand", "inhaber", "inhaberin", "geschäftsführer",
            "geschäftsführerin", "geschäftsführung", "gründer", "gründerin", "pdg", "gérant", "gérante",
            "director general", "directora general", "directeur général", "dueño", "titolare", "amministratore",
            "eigenaar", "prezes",
        )),
        sentence="Decides for the whole company: {value}.",
    ),
    Rule(
        name="leads_department", group="role", looks_at="lead.title", points=18,
        when=When(has_word=(
            "vp", "svp", "evp", "vice president", "director", "directora", "directeur", "directrice", "direttore",
            "direttrice", "direktor", "direktorin", "head", "bereichsleiter", "bereichsleiterin", "prokurist",
        )),
        sentence="Leads a department: {value}.",
    ),
    Rule(
        name="presides", group="role", looks_at="lead.title", points=25, when=When(has_word=("president",)),
        sentence="Decides for the whole company: {value}.",
    ),
    Rule(
        name="has_a_say", group="role", looks_at="lead.title", points=10,
        when=When(has_word=(
            "manager", "lead", "leiter", "leiterin", "teamleiter", "teamleiterin", "responsable", "gerente",
            "principal", "architect", "kierownik",
        )),
        sentence="Has a say in what is bought: {value}.",
    ),
    Rule(
        name="works_there", group="role", looks_at="lead.title", when=When(present=True), points=3,
        sentence="Says what the job is: {value}.",
    ),
)  # fmt: skip

COMPANY = (
    Rule(
        name="company", looks_at="lead.company", when=When(present=True), points=5, sentence="Names the company.",
    ),
    Rule(
        name="website", looks_at="lead.website", when=When(present=True), points=3,
        sentence="Names the company's website.",
    ),
    Rule(
        name="country", looks_at="fact.country", when=When(present=True), points=2,
        sentence="Is in a known country: {value}.",
    ),
    Rule(
        name="large_company", group="size", looks_at="lead.number_of_employees", when=When(at_least=1000), points=15,
        sentence="Works for a large company: {value} people.",
    ),
    Rule(
        name="mid_company", group="size", looks_at="lead.number_of_employees", when=When(at_least=100), points=12,
        sentence="Works for a company of medium size: {value} people.",
    ),
    Rule(
        name="small_company", group="size", looks_at="lead.number_of_employees", when=When(at_least=10), points=6,
        sentence="Works for a small company: {value} people.",
    ),
)  # fmt: skip

ORIGIN = (
    Rule(
        name="asked_us", group="origin", looks_at="touch.lead_source", points=24, dimension=Dimension.ENGAGEMENT,
        when=When(has_word=("demo", "contact", "trial", "pricing", "inbound", "kontaktformular", "angebot")),
        sentence="Came to us and asked: {value}.",
    ),
    Rule(
        name="referred", group="origin", looks_at="touch.lead_source", points=18, dimension=Dimension.ENGAGEMENT,
        when=When(has_word=("referral", "partner", "customer", "word of mouth", "empfehlung", "recommandation")),
        sentence="Was sent by somebody who knows us: {value}.",
    ),
    Rule(
        name="met_us", group="origin", looks_at="touch.lead_source", points=10, dimension=Dimension.ENGAGEMENT,
        when=When(has_word=("webinar", "event", "trade show", "conference", "fair", "messe", "salon", "feria")),
        sentence="Met us: {value}.",
    ),
    Rule(
        name="bought_list", group="origin", looks_at="touch.lead_source", points=-8, dimension=Dimension.ENGAGEMENT,
        when=When(has_word=("purchased", "bought", "list", "scraped", "gekauft")), times_max=1,
        sentence="Came from a bought list: {value}.",
    ),
    Rule(
        name="known_source", group="origin", looks_at="touch.lead_source", points=4, dimension=Dimension.ENGAGEMENT,
        when=When(present=True), sentence="Came by a way that is known: {value}.",
    ),
    Rule(
        name="answered_campaign", looks_at="touch.campaign", points=6, dimension=Dimension.ENGAGEMENT,
        when=When(present=True), sentence="Answered the campaign {value}.",
    ),
    Rule(
        name="looked_at_prices", looks_at="touch.landing_page", points=12, dimension=Dimension.ENGAGEMENT,
        when=When(has_word=("pricing", "price", "prices", "plans", "preise", "tarifs", "precios")),
        sentence="Looked at our prices: {value}.",
    ),
    Rule(
        name="came_again", looks_at="touch.kind", points=5, dimension=Dimension.ENGAGEMENT,
        when=When(one_of=("again",)), sentence="Was heard of again.",
    ),
    Rule(
        name="consent", looks_at="lead.consent", points=8, dimension=Dimension.ENGAGEMENT,
        when=When(present=True), sentence="Agreed to be contacted.",
    ),
)  # fmt: skip

SHIPPED = MAILBOX + REACH + ROLE + COMPANY + ORIGIN
