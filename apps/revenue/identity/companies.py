"""Names of companies in the form in which two are compared: without legal form, marks, accents and filler. Pure."""

from functools import lru_cache

from .words import folded

LEGAL_FORMS = frozenset(
    "ab ag aktiebolag aktiengesellschaft aps as asa bhd bv bvba co cokg company corp corporation cv cvba doo dba eg ek"
    " esp eurl ev eu gbr ggmbh gesmbh gmbh gmbhcokg inc incorporated jsc kabushiki kaisha kft kg kgaa kk limited llc"
    " llp lp ltd ltda mbh nv ohg oy oyj oao ooo pjsc plc pllc pt pte pty ptyltd pvt sa sab sac sagl sarl sas sasu sca"
    " scs se senc sicav sl slu snc soc sp spa spk spol spzoo srl sro ug ulc unltd vof zao zoo zrt".split()
)
"""Words that say in which legal form a company is, of many countries (ISO 20275 lists them all)."""

FILLER = frozenset("and the of und der die das et le la les de y e i & holding holdings group groupe gruppe".split())
"""Words that are left out, or added, without another company being meant."""

NO_COMPANY = frozenset(
    "n a|na|none|no|no company|company|self|self employed|selfemployed|private|privat|individual|personal|freelance"
    "|freelancer|student|home|retired|unknown|test|null|nil|selbststandig|privatperson|particulier|x|xx|xxx".split("|")
)
"""What people write for a company who have none, folded."""

TOGETHER = {
    "s a": "sa", "s p a": "spa", "s r l": "srl", "g m b h": "gmbh", "l l c": "llc", "p l c": "plc", "b v": "bv",
    "n v": "nv", "a g": "ag", "k g": "kg", "s a r l": "sarl", "s a s": "sas", "l p": "lp", "l l p": "llp", "a s": "as",
    "s e": "se", "a b": "ab", "sp z o o": "spzoo", "z o o": "zoo", "s r o": "sro", "d o o": "doo", "p t y": "pty",
}  # fmt: skip
"""Legal forms whose letters are written apart."""


@lru_cache(maxsize=20_000)
def core_of(name: str) -> str:
    """What a company's name comes to; empty where it names none.

    >>> core_of("Papilio & Söhne KG"), core_of("The Acme Corp., Inc."), core_of("Acme S.p.A.")
    ('papilio sohne', 'acme', 'acme')
    >>> core_of("Limited Brands"), core_of("The Group, Inc."), core_of("n/a")
    ('limited brands', 'group', '')
    """
    text = folded(name.replace("&", " and ").replace("+", " and "))[:160]
    if text in NO_COMPANY:
        return ""
    for apart, together in TOGETHER.items():
        if text.endswith(f" {apart}"):
            text = text.removesuffix(apart) + together
            break
    words = text.split()
    while len(words) > 1 and words[-1] in LEGAL_FORMS:
        words.pop()
    kept = [word for word in words if word not in FILLER]
    return " ".join(kept or words[-1:])
