"""Rows of the catalog as the API answers them, for the schema; a test holds them to the data."""

DISCIPLINE = {
    "code": "massage_therapy",
    "label": "Massage therapy",
    "mark": "MT",
    "practitioner_title": "Massage therapist",
    "taxonomy_code": "225700000X",
    "credential_kind": "license",
    "license_titles": [
        "Licensed massage therapist (LMT)",
        "Licensed massage practitioner (LMP)",
        "Registered massage therapist (RMT)",
        "Certified massage therapist (CMT)",
    ],
    "takes_same_day_red_flags": False,
    "sources": ["CO-MT", "CO-MT-DEF", "NCBTMB", "FSMTB-MPA", "WA-MT"],
    "confidence": "partly",
}
TECHNIQUE = {
    "code": "vest",
    "label": "Canalith repositioning / vestibular rehab",
    "group": {"code": "EXER", "label": "Exercise, motor control, gait"},
    "load": "low",
    "disciplines": ["physical_therapy"],
    "regions": ["head", "cervical"],
    "synonyms": ["Epley"],
    "note": "Check the cervical precautions first.",
    "sources": ["CONV"],
    "confidence": "convention",
}
REGION = {
    "code": "cervical",
    "label": "Neck",
    "sides": ["midline", "left", "right", "bilateral"],
    "adjacent": ["head", "jaw", "thoracic", "shoulder"],
}
BODY_ZONE = {"code": "temple", "label": "Temple", "region": "head", "view": "front"}
MUSCLE = {
    "code": "trap_up",
    "label": "Upper trapezius",
    "region": "shoulder",
    "sides": ["left", "right"],
    "trigger_zone": {"code": "top_shoulder", "label": "Top of the shoulder"},
    "referral_zones": [
        {"code": "post_neck", "label": "Back of the neck"},
        {"code": "temple", "label": "Temple"},
        {"code": "jawline", "label": "Jawline"},
    ],
    "complaint": "Neck and temple headache, stress ache",
    "innervation": "Accessory CN XI (C3-4)",
    "sources": ["TRAVELL", "FPN"],
    "confidence": "confirmed",
}
PRECAUTION = {
    "code": "dvt_hist",
    "label": "History of DVT, on treatment and stable",
    "category": "vascular",
    "strictest_level": {
        "code": "relative",
        "label": "Relative",
        "meaning": "Warns: a named clinician records the reason and how the treatment is modified.",
    },
    "intake_question": "Clot in the past?",
    "synonyms": [],
    "sources": ["CUP-G", "CONV"],
}
RED_FLAG = {
    "code": "RF02",
    "label": "Severe or progressive leg weakness, foot drop",
    "region": "lumbar",
    "urgency": {
        "code": "same_day",
        "label": "Same day",
        "action": "Medical contact the same day; treatment of the region is on hold until cleared.",
    },
    "think_of": "Progressive radiculopathy",
    "sources": ["GLOS", "WHO05"],
    "confidence": "confirmed",
}
DECLINE_REASON = {"code": "needs_medical_first", "label": "Needs to see a doctor first", "needs_sentence": True}
WITHDRAW_REASON = {"code": "client_request", "label": "The client asked for it", "needs_sentence": False}
PROBLEM = {
    "type": "/api/v1/problems/wrong_state",
    "code": "wrong_state",
    "title": "Wrong state",
    "means": "The step does not start in this state.",
    "what_to_do": "See `available` for what is possible now.",
}
MEASURE = {
    "code": "ndi",
    "label": "Neck Disability Index",
    "unit": "points",
    "minimum": 0,
    "maximum": 50,
    "better": "lower",
}
NOTE_TEMPLATE = {
    "code": "massage_therapy.progress",
    "label": "Progress note, massage",
    "discipline": "massage_therapy",
    "kind": "progress",
    "subjective": [
        "Pain now 0 to 10; better, same or worse since last time",
        "Soreness after the last session, for how long",
        "Sleep and what the client could do again",
    ],
    "objective": ["Trigger points still active, and what they refer to", "Range of motion against last time"],
    "assessment": ["Improving, plateau, flare or a new finding"],
    "plan": ["Techniques and regions today", "Next visit; home care", "What you ask the others to avoid or prefer"],
}
PLAN_TEMPLATE = {
    "code": "low_back",
    "label": "Low back pain",
    "problem": "Low back pain",
    "icd10": None,
    "review_weeks": 4,
    "phases": [
        {
            "code": "low_back.examine",
            "label": "Examine first",
            "weeks": 1,
            "ends_when": "a physical therapist or chiropractor has examined the back",
            "sources": ["SEQ-WEB", "CONV"],
        },
        {
            "code": "low_back.trial",
            "label": "Trial of care",
            "weeks": 3,
            "ends_when": "there is a first meaningful change",
            "sources": ["VA-CHIRO", "HAWK20-12"],
        },
        {
            "code": "low_back.build",
            "label": "Build up",
            "weeks": 3,
            "ends_when": "pain is at most 2 of 10, or 30% better",
            "sources": ["OSTELO08", "VA-CHIRO", "CONV"],
        },
        {
            "code": "low_back.alone",
            "label": "On one's own",
            "weeks": 4,
            "ends_when": "goals are met and the client manages alone",
            "sources": ["OSTELO08", "VA-CHIRO", "CONV"],
        },
    ],
    "measures": [
        {"code": "odi", "label": "Oswestry Disability Index"},
        {"code": "rmdq", "label": "Roland-Morris Disability Questionnaire"},
        {"code": "nprs", "label": "Numeric pain rating scale"},
        {"code": "psfs", "label": "Patient-Specific Functional Scale"},
    ],
    "note": "A start for the team to change. A licensed clinician looks over it before a clinic works from it.",
    "sources": ["CMS220", "HAWK20-12", "WA-MT", "OSTELO08", "STRATFORD", "CONV"],
    "confidence": "convention",
}
