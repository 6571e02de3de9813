"""An acquirer over pyiso8583: signs on, asks, advises and reverses, and says what it is answered.

    python3 acquirer.py PORT SPEC PAN
"""

import socket
import struct
import sys

import iso8583
import iso8583.specs

port, spec, pan = int(sys.argv[1]), getattr(iso8583.specs, sys.argv[2]), sys.argv[3]
link = socket.create_connection(("127.0.0.1", port), timeout=60)


def take(count):
    found = b""
    while len(found) < count:
        piece = link.recv(count - len(found))
        assert piece, "the link is closed"
        found += piece
    return found


def ask(message):
    raw, _ = iso8583.encode(dict(message), spec)
    link.sendall(struct.pack(">H", len(raw)) + raw)
    answer, _ = iso8583.decode(take(struct.unpack(">H", take(2))[0]), spec)
    assert int(answer["t"]) == int(message["t"]) // 10 * 10 + 10, answer["t"]
    for field in ["2", "3", "7", "11", "12", "13", "32", "37", "41", "42", "49", "70", "90"]:
        assert answer.get(field) == message.get(field), (field, answer)
    return answer


def network(number, action):
    return ask({"t": "0800", "7": "1130150405", "11": number, "70": action})


payment = {
    "t": "0100", "2": pan, "3": "000000", "4": "000000001250", "7": "1130150405", "11": "000101", "12": "160405",
    "13": "1130", "18": "5812", "22": "812", "25": "59", "32": "12345", "37": "633415000101", "41": "PYTHON01",
    "42": "MERCHANT-1     ", "43": "Cafe Lumen".ljust(25) + "Vilnius".ljust(13) + "LT", "49": "978",
}
original = "0100" + payment["11"] + payment["7"] + "12345".zfill(11) + "0" * 11

assert network("000001", "001")["39"] == "00"
for kind in ["0100", "0101"]:
    answer = ask({**payment, "t": kind})
    assert (answer["39"], answer["38"], answer["4"]) == ("00", "A1B2C3", payment["4"]), answer
part = ask({**payment, "11": "000102", "4": "000000600000", "48": "61011"})
assert (part["39"], part["4"], part["54"]) == ("10", "000000300000", "0057978D000000600000"), part
assert ask({**payment, "t": "0220", "11": "000103", "38": "A1B2C3", "39": "00", "90": original})["39"] == "00"
assert ask({**payment, "t": "0421", "11": "000104", "90": original})["39"] == "00"
# Without a currency, and of a type that is not known here.
wrong = {field: value for field, value in payment.items() if field != "49"}
assert ask(wrong)["39"] == "30"
assert ask({**payment, "t": "0302"})["39"] == "12"
assert network("000002", "301")["39"] == "00"
assert network("000003", "002")["39"] == "00"
assert ask(payment)["39"] == "91"
