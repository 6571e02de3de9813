"""ISO 8583 by the Python package pyiso8583, which is nobody's here: what its messages are, and what it reads in ours.

    pip install pyiso8583==4.0.1
    python3 oracle.py vectors > vectors.json    # the messages that the tests have
    python3 oracle.py read                      # lines of a dialect and a message; answers with its fields, in JSON
"""

import copy
import json
import sys

from iso8583 import decode, encode
from iso8583.specs import default, default_ascii

# In its tables, what is digits, as the standard says it.
DIGITS = [*range(2, 28), 32, 33, 49, 50, 51, 53, *range(66, 91), 93, 99, 100]


def packed():
    """Its table with binary fields, with two digits a byte and lengths of packed digits."""
    spec = copy.deepcopy(default)
    spec["t"].update(data_enc="b", max_len=2)
    for number in range(2, 129):
        field = spec[str(number)]
        if number in DIGITS:
            field.update(data_enc="b", len_count="nibbles", left_pad="0")
        field.update(len_enc="bcd", len_type={0: 0, 2: 1, 3: 2}[field["len_type"]])
    return spec


SPECS = {"ascii": default_ascii, "ascii-binary": default, "packed": packed()}

PAYMENT = {
    "2": "9999000012345674", "3": "000000", "4": "000000001250", "7": "1130150405", "11": "000123", "12": "160405",
    "13": "1130", "18": "5812", "22": "812", "25": "59", "32": "0012345", "37": "633415000123", "41": "TERM0001",
    "42": "MERCHANT-1     ", "43": "Cafe Lumen".ljust(25) + "Vilnius".ljust(13) + "LT", "49": "978",
}
ORIGINAL = "0100" + "000123" + "1130150405" + "00000012345" + "00000000000"

MESSAGES = {
    "authorisation": {"t": "0100", **PAYMENT, "14": "2912", "48": "420205" + "61011" + "9203123"},
    "repeat": {"t": "0101", **PAYMENT, "7": "1130150415"},
    "at a machine, in another currency": {
        "t": "0100", **PAYMENT, "3": "010000", "4": "000000010000", "6": "000000000062", "10": "60062000", "15": "1201",
        "18": "6011", "19": "392", "22": "051", "23": "001", "25": "00", "49": "392", "51": "978",
        "52": "0123456789ABCDEF", "55": "9F2608AABBCCDDEEFF00119F360200FF",
    },
    "with cash": {"t": "0100", **PAYMENT, "3": "090000", "54": "0040978D000000000500"},
    "more": {"t": "0100", **PAYMENT, "11": "000130", "4": "000000000300", "90": ORIGINAL},
    "an odd card number": {"t": "0100", **PAYMENT, "2": "378282246310005"},
    "advice": {"t": "0120", **PAYMENT, "38": "A1B2C3", "39": "00"},
    "completion": {"t": "0220", **PAYMENT, "11": "000900", "38": "A1B2C3", "39": "00", "90": ORIGINAL},
    "reversal": {"t": "0400", **PAYMENT, "11": "000124", "38": "A1B2C3", "90": ORIGINAL},
    "reversal of a part": {
        "t": "0421", **PAYMENT, "11": "000125", "39": "68", "90": ORIGINAL,
        "95": "000000000750" + "000000000000D00000000D00000000",
    },
    "sign-on": {"t": "0800", "7": "1130150405", "11": "000001", "70": "001"},
    "echo": {"t": "0800", "7": "1130150405", "11": "000002", "70": "301"},
    "answer": {"t": "0110", **PAYMENT, "38": "A1B2C3", "39": "10", "4": "000000000500", "54": "0057978D000000001250"},
    "answer to an echo": {"t": "0810", "7": "1130150405", "11": "000002", "39": "00", "70": "301"},
    "fields that nobody uses": {
        "t": "0100", **PAYMENT, "5": "000000001250", "20": "440", "24": "001", "26": "12", "27": "6", "33": "99",
        "53": "2001010100000000", "59": "x" * 120, "63": "private", "99": "123", "104": "what it is", "127": "y",
        "128": "00112233AABBCCDD",
    },
}


def vectors():
    found = []
    for name, message in MESSAGES.items():
        for dialect, spec in SPECS.items():
            raw, _ = encode(dict(message), spec)
            found.append({"name": name, "dialect": dialect, "bytes": bytes(raw).hex()})
    json.dump(found, sys.stdout, indent=0)
    print()


def read():
    for line in sys.stdin:
        dialect, raw = line.split()
        spec = SPECS[dialect]
        message, _ = decode(bytes.fromhex(raw), spec)
        again, _ = encode(dict(message), spec)
        print(json.dumps({"fields": message, "again": bytes(again).hex()}), flush=True)


{"vectors": vectors, "read": read}[sys.argv[1]]()
