"""What people call the columns of a list of leads: exports of Salesforce and HubSpot, and seven languages.

Data only. A name is written as `plain` leaves it: lower case, letters and digits, no accents.
"""

import unicodedata

_NAMES: dict[str, str] = {
    "email": """
        email emailaddress emailid email1 workemail businessemail companyemail primaryemail contactemail leademail mail
        emailadresse mailadresse geschaftlicheemail adresseemail emailprofessionnel courriel adressecourriel correo
        correoelectronico direcciondecorreo emaildetrabajo posta postaelettronica indirizzoemail emailaziendale
        emailadres zakelijkemail emailprofissional enderecodeemail adresemail adrespocztyelektronicznej""",
    "salutation": """
        salutation nametitle anrede civilite tratamiento titolo aanhef tratamento zwrot""",
    "first_name": """
        firstname givenname forename fname vorname rufname prenom nombre nome voornaam primeironome imie""",
    "last_name": """
        lastname surname familyname lname nachname familienname nomdefamille apellido apellidos cognome achternaam
        sobrenome apelido nazwisko""",
    "name": """
        name fullname contactname leadname ansprechpartner vollername nomcomplet nomprenom
        nombrecompleto nomecompleto nomecognome volledigenaam naam nomedocontato imieinazwisko""",
    "title": """
        title jobtitle job position role jobrole jobposition function headline berufsbezeichnung stelle funktion
        berufsposition fonction poste intituleduposte cargo puesto qualifica posizione ruolo functie functietitel
        stanowisko""",
    "phone": """
        phone phonenumber telephone telephonenumber tel workphone businessphone officephone companyphone directphone
        phone1 telefon telefonnummer rufnummer festnetz telefono numerodetelefono numeroditelefono numerodetelephone
        telefoonnummer telefoon telefone numertelefonu""",
    "mobile_phone": """
        mobile mobilephone mobilephonenumber mobilenumber cell cellphone cellphonenumber mobil mobiltelefon
        mobilnummer handy handynummer portable telephoneportable telephonemobile movil telefonomovil cellulare
        mobiel mobielnummer telemovel celular komorka telefonkomorkowy""",
    "company": """
        company companyname account accountname organization organisation organizationname organisationname employer
        business businessname associatedcompany companyaccount firm firma firmenname unternehmen societe entreprise
        nomdelentreprise raisonsociale empresa nombredeempresa azienda ragionesociale societa bedrijf bedrijfsnaam
        nomedaempresa nazwafirmy""",
    "website": """
        website websiteurl web webpage url homepage companywebsite companydomain companydomainname domain domainname
        webseite internetseite siteweb siteinternet sitioweb paginaweb sitoweb site stronainternetowa""",
    "industry": """
        industry sector vertical branche wirtschaftszweig industrie secteur secteurdactivite sectoractividad industria
        settore setor branza""",
    "number_of_employees": """
        numberofemployees numemployees noofemployees numofemployees employees employeecount headcount companysize
        mitarbeiter mitarbeiterzahl anzahlmitarbeiter effectif nombredesalaries nombredemployes empleados
        numerodeempleados dipendenti numerodidipendenti aantalmedewerkers funcionarios numerodefuncionarios
        liczbapracownikow""",
    "street": """
        street streetaddress address addressline1 address1 mailingstreet strasse adresse anschrift rue direccion calle
        indirizzo straat adres endereco rua ulica""",
    "city": """
        city town mailingcity locality suburb stadt ort wohnort ville ciudad citta stad plaats cidade miasto""",
    "state": """
        state stateregion stateprovince province region mailingstate county bundesland kanton departement provincia
        regione provincie estado wojewodztwo""",
    "postal_code": """
        postalcode postcode zip zipcode zippostalcode mailingpostalcode plz postleitzahl codepostal codigopostal cap
        cep kodpocztowy""",
    "country": """
        country countryregion countrycode countryname mailingcountry land staat pays pais paese nazione kraj""",
    "description": """
        description notes note comment comments message remarks bemerkung bemerkungen notiz kommentar nachricht
        commentaire remarques notas comentarios commenti opmerkingen observacoes uwagi""",
    "lead_source": """
        leadsource source originalsource originalsourcetype originaltrafficsource latestsource channel quelle
        leadquelle herkunft sourceduprospect origine origen origendelcandidato origem fonte bron zrodlo""",
    "campaign": """
        campaign campaignname primarycampaign kampagne campagne campana campagna campagnenaam campanha kampania""",
    "utm_source": "utmsource",
    "utm_medium": "utmmedium",
    "utm_campaign": "utmcampaign",
    "utm_term": "utmterm",
    "utm_content": "utmcontent",
    "landing_page": """
        landingpage landingpageurl firstpageseen conversionpage pageurl einstiegsseite pagededestination""",
    "referrer": """
        referrer referer referrerurl documentreferrer firstreferringsite httpreferer""",
    "consent_at": """
        consentat consentdate consenttime consentgivenat consenttimestamp optindate optintime optinat
        einwilligungam einwilligungsdatum""",
    "consent": """
        consent consenttext optin optintext gdprconsent marketingconsent legalbasisforprocessingcontactsdata
        einwilligung einwilligungstext consentement consentimiento consenso toestemming consentimento zgoda""",
    "external_id": """
        externalid id leadid contactid recordid recid crmid customerid userid personid uuid guid leadidcasesafe
        hsobjectid vid kundennummer datensatzid identifiant numeroclient identificador klantnummer""",
    "external_source": "externalsource sourcesystem quellsystem",
    "ignore": "importline importreason importexplanation",
}


def plain(name: str) -> str:
    r"""A column's name without case, accents, blanks and punctuation.

    >>> plain("\ufeffE-Mail Adresse*"), plain("Prénom"), plain("Straße")
    ('emailadresse', 'prenom', 'strasse')
    """
    parted = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in parted if char.isalnum())


FIELDS: dict[str, str] = {synonym: field for field, names in _NAMES.items() for synonym in names.split()}
"""The field of a lead (or a `Target`) by what its column may be called."""
