"""The fields that Salesforce and HubSpot are told of unless a team says otherwise: data, and nothing else.

Names and lengths of Salesforce's are those of its field reference for the Lead object; a load by the Bulk API refuses
rows with longer values, so that they are cut here, or left out where half of a value is a wrong one. HubSpot's are the
internal names of its default contact properties, of which a text has 65,536 characters. What ends with `__c`, or begins
with `revenue_`, is to be made once.
"""

from collections.abc import Mapping

from .fields import Authority, Country, CrmField, TooLong

SALESFORCE: Mapping[str, CrmField] = {
    "Salutation": CrmField(ours=("lead.salutation",), length_max=40),
    "FirstName": CrmField(ours=("lead.first_name",), length_max=40),
    "LastName": CrmField(ours=("lead.last_name",), length_max=80, otherwise="[not provided]"),
    "Company": CrmField(ours=("lead.company", "resolution.account_name"), length_max=255, otherwise="[not provided]"),
    "Title": CrmField(ours=("lead.title",), length_max=128),
    "Email": CrmField(ours=("lead.email",), length_max=80, too_long=TooLong.LEAVE_OUT),
    "Phone": CrmField(ours=("lead.phone",), length_max=40, too_long=TooLong.LEAVE_OUT),
    "MobilePhone": CrmField(ours=("lead.mobile_phone",), length_max=40, too_long=TooLong.LEAVE_OUT),
    "Website": CrmField(ours=("lead.website",), length_max=255, too_long=TooLong.LEAVE_OUT),
    "Industry": CrmField(ours=("lead.industry",), length_max=255),
    "NumberOfEmployees": CrmField(ours=("lead.number_of_employees",), length_max=8, too_long=TooLong.LEAVE_OUT),
    "Street": CrmField(ours=("lead.street",), length_max=255),
    "City": CrmField(ours=("lead.city",), length_max=40),
    "State": CrmField(ours=("lead.state",), length_max=80),
    "PostalCode": CrmField(ours=("lead.postal_code",), length_max=20),
    "Country": CrmField(ours=("lead.country",), length_max=80, country=Country.NAME),
    "Description": CrmField(ours=("lead.description",), length_max=32_000),
    "LeadSource": CrmField(ours=("lead.lead_source",), length_max=255),
    "Status": CrmField(
        ours=("assignment.status",),
        values={
            "new": "Open - Not Contacted",
            "accepted": "Open - Not Contacted",
            "working": "Working - Contacted",
            "qualified": "Working - Contacted",
            "disqualified": "Closed - Not Converted",
        },
        only_values=True,
        authority=Authority.REVENUE,
    ),
    "OwnerId": CrmField(
        ours=("owner",), length_max=18, too_long=TooLong.LEAVE_OUT, authority=Authority.REVENUE,
    ),
    "Rating": CrmField(
        ours=("score.grade",),
        values={"A": "Hot", "B": "Warm", "C": "Cold", "D": "Cold"},
        only_values=True,
        authority=Authority.REVENUE,
    ),
    "Revenue_Score__c": CrmField(ours=("score.points",), authority=Authority.REVENUE),
    "Revenue_Grade__c": CrmField(ours=("score.grade",), length_max=1, authority=Authority.REVENUE),
    "Revenue_Fit__c": CrmField(ours=("score.fit",), authority=Authority.REVENUE),
    "Revenue_Engagement__c": CrmField(ours=("score.engagement",), authority=Authority.REVENUE),
    "Revenue_Why__c": CrmField(ours=("score.why",), length_max=32_000, authority=Authority.REVENUE),
    "Revenue_Contact_Id__c": CrmField(ours=("resolution.contact_id",), length_max=36, authority=Authority.REVENUE),
    "Revenue_Account_Domain__c": CrmField(
        ours=("resolution.account_domain",), length_max=255, authority=Authority.REVENUE
    ),
    "Revenue_Status_Reason__c": CrmField(
        ours=("assignment.status_reason",), length_max=255, authority=Authority.REVENUE
    ),
}  # fmt: skip
"""`Closed - Converted` is not among the statuses: Salesforce sets it when a lead is converted, not by an import."""

HUBSPOT: Mapping[str, CrmField] = {
    "salutation": CrmField(ours=("lead.salutation",)),
    "firstname": CrmField(ours=("lead.first_name",)),
    "lastname": CrmField(ours=("lead.last_name",)),
    "company": CrmField(ours=("lead.company", "resolution.account_name")),
    "jobtitle": CrmField(ours=("lead.title",)),
    "phone": CrmField(ours=("lead.phone",)),
    "mobilephone": CrmField(ours=("lead.mobile_phone",)),
    "website": CrmField(ours=("lead.website",), too_long=TooLong.LEAVE_OUT),
    "industry": CrmField(ours=("lead.industry",)),
    "revenue_employees": CrmField(ours=("lead.number_of_employees",)),
    "address": CrmField(ours=("lead.street",)),
    "city": CrmField(ours=("lead.city",)),
    "state": CrmField(ours=("lead.state",)),
    "zip": CrmField(ours=("lead.postal_code",)),
    "country": CrmField(ours=("lead.country",), country=Country.NAME),
    "message": CrmField(ours=("lead.description",), length_max=65_536),
    "hs_lead_status": CrmField(
        ours=("assignment.status",),
        values={
            "new": "New",
            "accepted": "Open",
            "working": "In Progress",
            "qualified": "Connected",
            "disqualified": "Unqualified",
        },
        only_values=True,
        authority=Authority.REVENUE,
    ),
    "hubspot_owner_id": CrmField(ours=("owner", "assignment.details.email"), authority=Authority.REVENUE),
    "lifecyclestage": CrmField(
        ours=("assignment.status", "score.grade"),
        values={
            "new": "Lead",
            "accepted": "Lead",
            "working": "Lead",
            "qualified": "Sales Qualified Lead",
            "disqualified": "Lead",
            "A": "Marketing Qualified Lead",
            "B": "Marketing Qualified Lead",
        },
        only_values=True,
        stages=(
            "Subscriber", "Lead", "Marketing Qualified Lead", "Sales Qualified Lead", "Opportunity", "Customer",
            "Evangelist", "Other",
        ),
        authority=Authority.REVENUE,
    ),
    "revenue_id": CrmField(ours=("lead.id",), authority=Authority.REVENUE),
    "revenue_lead_source": CrmField(ours=("lead.lead_source",)),
    "revenue_score": CrmField(ours=("score.points",), authority=Authority.REVENUE),
    "revenue_grade": CrmField(ours=("score.grade",), authority=Authority.REVENUE),
    "revenue_fit": CrmField(ours=("score.fit",), authority=Authority.REVENUE),
    "revenue_engagement": CrmField(ours=("score.engagement",), authority=Authority.REVENUE),
    "revenue_why": CrmField(ours=("score.why",), length_max=65_536, authority=Authority.REVENUE),
    "revenue_contact_id": CrmField(ours=("resolution.contact_id",), authority=Authority.REVENUE),
    "revenue_status_reason": CrmField(ours=("assignment.status_reason",), authority=Authority.REVENUE),
}  # fmt: skip
"""Where a lead comes from is a property of Revenue's own: HubSpot keeps `hs_analytics_source` by itself. So is the
number of employees: `numemployees` of contacts takes ranges only. Words of stages and statuses are those that HubSpot
shows, since its import wants them so."""
