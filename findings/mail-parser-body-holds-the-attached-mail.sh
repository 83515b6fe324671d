#!/usr/bin/env bash
# A one-line mail with a mail attached has a body of two mails.
#
# Version: mail-parser==4.8.0
# Guess: body is what the sender wrote; an attached message is an attachment.
# Behaviour: body joins every text part of the whole tree, the attached mail's too, and an HTML version
#   after the plain one, with a line '--- mail_boundary ---' between. Text analysis on it reads the
#   quoted customer's words as the sender's. The standard library's get_body() gives the one line.
# Source: mail-parser README ("body - Complete message body"); RFC 2046 section 5.2.1 (message/rfc822 encapsulates another message);
#   docs.python.org/3/library/email.message.html, EmailMessage.get_body
# Seen:
#   mail-parser  'See attached.\n\n--- mail_boundary ---\nWe want to cancel.\n'
#   get_body()   'See attached.\n'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check mail-parser==4.8.0

venv/bin/python - <<'PY'
import email, email.policy
from email.message import EmailMessage
import mailparser

def message(sender, subject, text):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "sales@example.com", subject
    mail.set_content(text)
    return mail

outer = message("colleague@example.com", "Fw: contract", "See attached.\n")
outer.add_attachment(message("customer@example.com", "contract", "We want to cancel.\n"))
body = mailparser.parse_from_bytes(outer.as_bytes()).body
plain = email.message_from_bytes(outer.as_bytes(), policy=email.policy.default).get_body().get_content()
print("mail-parser ", repr(body))
print("get_body()  ", repr(plain))
assert body == "See attached.\n\n--- mail_boundary ---\nWe want to cancel.\n"
assert plain == "See attached.\n"
PY
