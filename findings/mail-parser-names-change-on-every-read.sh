#!/usr/bin/env bash
# Parsing the same bytes twice gives two different attachments.
#
# Version: mail-parser==4.8.0
# Guess: a parser is a function of its input: same mail, same result.
# Behaviour: a part without a file name, such as a forwarded mail, is given ten random letters and '.txt'.
#   Whatever is keyed on the attachment name, a hash of the result or a "did it change" check, sees
#   a new attachment on every run. Its type, message/rfc822, is known but not used for the name.
# Source: mailparser/core.py, random_string() for a part without a name; RFC 2183 section 2.3 (the
#   filename parameter is optional)
# Seen:
#   first read   jqkzvnpwta.txt message/rfc822   (other letters every time)
#   second read  ufbyrhlxoc.txt message/rfc822
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --quiet --disable-pip-version-check mail-parser==4.8.0

venv/bin/python - <<'PY'
import re
from email.message import EmailMessage
import mailparser

inner = EmailMessage()
inner["From"], inner["Subject"] = "customer@example.com", "contract"
inner.set_content("Hello\n")
outer = EmailMessage()
outer["From"], outer["Subject"] = "colleague@example.com", "Fw: contract"
outer.set_content("See attached.\n")
outer.add_attachment(inner)
data = outer.as_bytes()

first, second = (mailparser.parse_from_bytes(data).attachments for _ in range(2))
print("first read  ", first[0]["filename"], first[0]["mail_content_type"])
print("second read ", second[0]["filename"], second[0]["mail_content_type"])
assert len(first) == len(second) == 1
assert all(re.fullmatch(r"[a-z]{10}\.txt", found[0]["filename"]) for found in (first, second))
assert first[0]["filename"] != second[0]["filename"]
PY
