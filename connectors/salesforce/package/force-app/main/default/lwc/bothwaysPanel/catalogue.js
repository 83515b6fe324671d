export default {
  "format": 1,
  "stale_after_days": 7,
  "frozen": "closed",
  "separator": "; ",
  "objects": {
    "account": {
      "stance": "bothways_stance",
      "reasons": "bothways_top_drivers",
      "confidence": "bothways_confidence",
      "as_of": "bothways_asof",
      "figures": [
        {
          "property": "bothways_customer_dependence",
          "label": "They need us",
          "low": 0,
          "high": 100,
          "notes": [
            "of 100",
            "of 100",
            "of 100"
          ]
        },
        {
          "property": "bothways_seller_dependence",
          "label": "We need them",
          "low": 0,
          "high": 100,
          "notes": [
            "of 100",
            "of 100",
            "of 100"
          ]
        },
        {
          "property": "bothways_reciprocity_balance",
          "label": "Balance of effort",
          "low": -100,
          "high": 100,
          "notes": [
            "they put in more",
            "even",
            "we put in more"
          ]
        }
      ],
      "properties": [
        "bothways_customer_dependence",
        "bothways_seller_dependence",
        "bothways_reciprocity_balance",
        "bothways_stance",
        "bothways_confidence",
        "bothways_top_drivers",
        "bothways_asof"
      ],
      "optional": []
    },
    "deal": {
      "stance": "bothways_deal_stance",
      "reasons": "bothways_deal_top_drivers",
      "confidence": "bothways_deal_confidence",
      "as_of": "bothways_deal_asof",
      "figures": [
        {
          "property": "bothways_deal_customer_dependence",
          "label": "They need this deal",
          "low": 0,
          "high": 100,
          "notes": [
            "of 100",
            "of 100",
            "of 100"
          ]
        },
        {
          "property": "bothways_deal_seller_dependence",
          "label": "We need this deal",
          "low": 0,
          "high": 100,
          "notes": [
            "of 100",
            "of 100",
            "of 100"
          ]
        },
        {
          "property": "bothways_deal_reciprocity_balance",
          "label": "Balance of effort on this deal",
          "low": -100,
          "high": 100,
          "notes": [
            "they put in more",
            "even",
            "we put in more"
          ]
        }
      ],
      "properties": [
        "bothways_deal_reciprocity_balance",
        "bothways_deal_customer_dependence",
        "bothways_deal_seller_dependence",
        "bothways_deal_stance",
        "bothways_deal_confidence",
        "bothways_deal_top_drivers",
        "bothways_deal_asof"
      ],
      "optional": [
        "bothways_deal_seller_dependence"
      ]
    }
  },
  "stances": {
    "account": {
      "respond": {
        "label": "Answer them",
        "tone": "urgent",
        "advice": "They do far more of the reaching out, or wait for an answer of ours. Reply today and add a second contact."
      },
      "prospect": {
        "label": "Win the deal first",
        "tone": "neutral",
        "advice": "Not a customer yet."
      },
      "lapsed": {
        "label": "Gone quiet",
        "tone": "neutral",
        "advice": "They used to buy and have stopped."
      },
      "insufficient_evidence": {
        "label": "Not enough data",
        "tone": "neutral",
        "advice": "Not enough is known to advise. See what is missing."
      },
      "protect": {
        "label": "Protect: we rely on them",
        "tone": "attention",
        "advice": "We rely on them more than they rely on us. Keep the effort up, become harder to replace, and win similar customers."
      },
      "partner": {
        "label": "Plan together",
        "tone": "good",
        "advice": "Both sides depend on each other: agree a joint plan with commitments from both."
      },
      "earn_value": {
        "label": "Earn loyalty",
        "tone": "attention",
        "advice": "They are held by cost, not by value. Deliver more; expect no expansion."
      },
      "build_close": {
        "label": "Stay close",
        "tone": "good",
        "advice": "They rely on us. Stay close and commit first."
      },
      "test_reciprocity": {
        "label": "Ask for something back",
        "tone": "attention",
        "advice": "Ask for a step from them before giving more."
      },
      "maintain": {
        "label": "Keep going",
        "tone": "neutral",
        "advice": "Keep going; see below who does how much."
      },
      "rebalance": {
        "label": "Spend less time",
        "tone": "attention",
        "advice": "They don't want this much attention. Take time back."
      },
      "keep_transactional": {
        "label": "Keep it simple",
        "tone": "neutral",
        "advice": "They want easy ordering at a fair price."
      }
    },
    "deal": {
      "advance": {
        "label": "Advance",
        "tone": "good",
        "advice": "Both sides are at work. Take the next step."
      },
      "ask_for_effort": {
        "label": "Ask for effort",
        "tone": "attention",
        "advice": "We do most of the work. Ask them for a step before the next one of ours."
      },
      "respond": {
        "label": "Respond",
        "tone": "urgent",
        "advice": "They do far more of the reaching out, or wait for an answer of ours. Reply today and add a second contact."
      },
      "price_led": {
        "label": "Price led",
        "tone": "neutral",
        "advice": "They need this little: it will be decided on price and ease."
      },
      "do_not_chase": {
        "label": "Do not chase",
        "tone": "attention",
        "advice": "We chase and they have gone quiet. Stop until they move."
      },
      "closed": {
        "label": "Closed",
        "tone": "neutral",
        "advice": "Closed. The figures are those of the close."
      },
      "insufficient_evidence": {
        "label": "Insufficient evidence",
        "tone": "neutral",
        "advice": "Not enough is known to advise. See what is missing."
      }
    }
  },
  "confidence": [
    [
      70,
      "high"
    ],
    [
      40,
      "medium"
    ],
    [
      25,
      "low"
    ],
    [
      0,
      "too low to judge"
    ]
  ],
  "words": {
    "unknown": "unknown",
    "why": "Why",
    "confidence": "How sure",
    "as_of": "As of",
    "stale": "These scores are {n} days old. Ask an admin whether bothways still runs.",
    "unscored": "No score yet. A record is scored by the first run after it was created.",
    "unreadable": "The scores cannot be read. Ask an admin whether bothways is set up and whether you may see its fields."
  }
};
