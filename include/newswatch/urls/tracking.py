"""Tracking parameters of URLs: those that say how the reader came to a page, and never what the page shows.

A name stands here only if it selects content nowhere that we can think of. `ref`, `source`, `id`, `s`, `t`, `from`,
`p`, `page`, `share` and their like do on some site, so they stay, but for the sites that are named with them below.
"""

from __future__ import annotations

# Owner → names, in any case of letters; a name that ends in * is a prefix. Source: each owner's own documentation.
ANYWHERE: tuple[tuple[str, str], ...] = (
    ("Google Analytics", "utm_* _ga _gl _gac itm_source itm_medium itm_campaign itm_content itm_term"),
    ("Google Ads", "gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid"),
    ("Google AMP viewer", "amp_js_v amp_gsa amp_ct amp_tf usqp"),
    ("Google Subscribe, extended access", "gaa_at gaa_n gaa_sig gaa_ts"),
    ("Meta", "fbclid fb_action_ids fb_action_types fb_ref fb_source igsh igshid mibextid"),
    ("Microsoft Advertising", "msclkid"),
    ("Yandex Direct, Metrica and Search", "yclid ysclid yadclid yadordid"),
    ("Openstat", "_openstat"),
    ("VK Ads", "rb_clickid"),
    ("X (Twitter)", "twclid ref_src __twitter_impression"),
    ("TikTok", "ttclid"),
    ("LinkedIn", "li_fat_id"),
    ("Pinterest", "epik"),
    ("Snapchat", "ScCid"),
    ("Reddit", "rdt_cid"),
    ("Quora", "qclid"),
    ("Taboola", "tblci"),
    ("Outbrain", "dicbo obclid obOrigUrl"),
    ("Criteo", "cto_pld"),
    ("Matomo", "mtm_* matomo_* piwik_campaign piwik_keyword piwik_kwd"),
    ("Matomo, older names", "pk_campaign pk_cid pk_content pk_cpn pk_keyword pk_kwd pk_medium pk_source pk_vid"),
    ("AT Internet (Piano)", "xtor at_medium at_campaign at_campaign_group at_campaign_type at_creation at_custom*"),
    ("AT Internet (Piano), by channel", "at_detail_placement at_emailtype at_format at_general_placement at_variant"),
    (
        "AT Internet (Piano), by reader",
        "at_link_id at_link_origin at_link_type at_ptr_name at_recipient_* at_send_date",
    ),
    ("comScore Digital Analytix", "ns_campaign ns_fee ns_linkname ns_mchannel ns_source"),
    ("Webtrends", "WT.*"),
    ("Mapp (Webtrekk)", "wt_mc"),
    ("Adobe Analytics", "s_cid adobe_mc adobe_mc_ref adobe_mc_sdid intcmp"),
    ("Adobe Advertising", "s_kwcid ef_id"),
    ("Marketo (Adobe)", "mkt_tok"),
    ("Acoustic (IBM Digital Analytics)", "cm_mmc cm_mmca1 cm_mmca2 cm_mmca3 cm_ite"),
    ("Acoustic Campaign (Silverpop)", "spMailingID spUserID spJobID spReportId"),
    ("HubSpot", "_hsenc _hsmi __hstc __hssc __hsfp hsCtaTracking"),
    ("HubSpot Ads", "hsa_acc hsa_ad hsa_cam hsa_grp hsa_kw hsa_mt hsa_net hsa_src hsa_tgt hsa_ver"),
    ("Mailchimp", "mc_cid mc_eid mc_tc"),
    ("MailerLite", "ml_subscriber ml_subscriber_hash"),
    ("Kit (ConvertKit)", "ck_subscriber_id"),
    ("beehiiv", "_bhlid"),
    ("Klaviyo", "_ke _kx"),
    ("Drip", "__s"),
    ("Vero", "vero_conv vero_id"),
    ("ActiveCampaign", "vgo_ee"),
    ("Dotdigital", "dm_i"),
    ("Bronto (Oracle)", "_bta_c _bta_tid"),
    ("Eloqua (Oracle)", "elqTrack elqTrackId elqaid elqak elqat elqCampaignId"),
    ("Emarsys (SAP)", "sc_customer sc_eh sc_lid sc_llid sc_src sc_uid"),
    ("Listrak", "trk_contact trk_module trk_msg trk_sid"),
    ("Salesforce Marketing Cloud", "sfmc_*"),
    ("Olytics (Omeda)", "oly_anon_id oly_enc_id"),
    ("Wicked Reports", "wickedid"),
    ("Marin Software", "mkwid pcrid"),
    ("GoDataFeed", "gdffi gdfms gdftrk"),
    ("Impact", "irclickid irgwc"),
    ("CJ", "cjdata cjevent"),
    ("Rakuten Advertising", "ranEAID ranMID ranSiteID"),
    ("ShareASale", "sscid"),
    ("Awin (Zanox)", "zanpid"),
    ("Branch", "_branch_match_id _branch_referrer"),
    ("AddThis", "sms_ss at_xt"),
    ("Yahoo, consent", "guccounter guce_referrer guce_referrer_sig _guc_consent_skip"),
    ("Cloudflare, challenge", "__cf_chl_*"),
    ("PHP, session", "PHPSESSID"),
)

# Sites with their subdomains → owner and names: elsewhere the same name may well select content.
ON_SITES: tuple[tuple[str, str, str], ...] = (
    ("bbc.com bbc.co.uk", "BBC", "at_* ocid"),
    ("theguardian.com", "The Guardian", "CMP"),
    ("nytimes.com", "The New York Times", "emc partner pgtype referringSource rref smid smprod smtyp"),
    ("nytimes.com", "The New York Times, gift links", "unlocked_article_code"),
    ("wsj.com barrons.com marketwatch.com", "Dow Jones", "mod reflink"),
    ("washingtonpost.com", "The Washington Post", "hpid itid tid wpisrc wpmm wprss"),
    ("ft.com", "Financial Times", "ftcamp segmentId shareType"),
    ("economist.com", "The Economist", "fsrc"),
    ("bloomberg.com", "Bloomberg", "cmpid"),
    ("reuters.com", "Reuters", "feedName feedType taid"),
    ("cnn.com", "CNN", "eref hpt iref"),
    ("foxnews.com foxbusiness.com", "Fox News", "cmpid"),
    ("nbcnews.com msnbc.com", "NBC News", "cid"),
    ("cbsnews.com cnet.com zdnet.com", "CBS and CNET", "ftag"),
    ("cbc.ca", "CBC", "cmp"),
    ("dailymail.co.uk thisismoney.co.uk", "DMG Media", "ito"),
    ("telegraph.co.uk", "The Telegraph", "ICID"),
    ("dw.com", "Deutsche Welle", "maca"),
    ("spiegel.de", "Der Spiegel", "sara_ecid sara_ref"),
    ("zeit.de", "Die Zeit", "wt_zmc"),
    ("lemonde.fr", "Le Monde", "lmd_*"),
    ("elpais.com", "El País", "id_externo_rsoc ssm"),
    ("kommersant.ru rbc.ru", "Kommersant and RBC", "from"),
    ("newyorker.com wired.com vanityfair.com", "Condé Nast", "bxid cndid esrc intcid mbid"),
    ("msn.com", "MSN", "cvid ocid"),
    ("yahoo.com aol.com huffpost.com", "Yahoo", "ncid soc_src soc_trk"),
    ("news.google.com", "Google News", "oc"),
    ("medium.com", "Medium", "source"),
    ("substack.com", "Substack", "isFreemail r triedRedirect"),
    ("twitter.com x.com", "X (Twitter)", "ref_url s t"),
    ("youtube.com youtu.be", "YouTube", "feature si"),
    ("tiktok.com", "TikTok", "_r _t is_from_webapp sender_device"),
    ("linkedin.com", "LinkedIn", "lipi trackingId trk"),
    ("t.me", "Telegram", "tg_rhash"),
)


class _Names:
    """Names and prefixes, compared in lower case."""

    def __init__(self, names: list[str]) -> None:
        low = [name.lower() for name in names]
        self._whole = frozenset(name for name in low if not name.endswith("*"))
        self._prefixes = tuple(name[:-1] for name in low if name.endswith("*"))

    def __contains__(self, name: str) -> bool:
        return name in self._whole or name.startswith(self._prefixes)


_ANYWHERE = _Names([name for _, names in ANYWHERE for name in names.split()])
_ON_SITE = {
    site: _Names([n for domains, _, names in ON_SITES if site in domains.split() for n in names.split()])
    for site in {site for domains, _, _ in ON_SITES for site in domains.split()}
}


def is_tracking(name: str, host: str) -> bool:
    """Whether a parameter of this (decoded) name says nothing of the page, on a host given in lower case."""
    low = name.lower()
    if low in _ANYWHERE:
        return True
    labels = host.split(".")
    return any(low in _ON_SITE[site] for n in range(len(labels)) if (site := ".".join(labels[n:])) in _ON_SITE)


def table() -> str:
    """Both lists as Markdown tables: name, whose it is, and on which sites it is taken for tracking."""
    rows = [("every site", owner, names) for owner, names in ANYWHERE]
    rows += [(", ".join(domains.split()), owner, names) for domains, owner, names in ON_SITES]
    lines = ["| Parameters | Owner | Removed on |", "| --- | --- | --- |"]
    lines += [
        f"| {', '.join(f'`{name}`' for name in names.split())} | {owner} | {where} |" for where, owner, names in rows
    ]
    return "\n".join(lines) + "\n"
