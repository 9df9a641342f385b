"""ESP by scapy, for the tests: reads a task as JSON from standard input, and prints its answer as JSON.

A task is {"encrypt": [association...]} or {"decrypt": [association...]}. An association has the parameters of scapy's
SecurityAssociation and "packets", IP packets in hexadecimal. The answer is a list of lists: for each association what
became of each of its packets, as {"packet": hexadecimal} or {"error": text}.
"""

import json
import sys

from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation


def parse(text):
    data = bytes.fromhex(text)
    return IP(data) if data[0] >> 4 == 4 else IPv6(data)


def associate(task):
    tunnel = None
    if task["tunnel"] is not None:
        source, destination = task["tunnel"]
        header = IPv6 if ":" in source else IP
        tunnel = header(src=source, dst=destination)
    return SecurityAssociation(
        ESP,
        spi=task["spi"],
        crypt_algo=task["cipher"],
        crypt_key=bytes.fromhex(task["cipher_key"]) or None,
        auth_algo=task["auth"],
        auth_key=bytes.fromhex(task["auth_key"]) or None,
        tunnel_header=tunnel,
    )


def each(task, work):
    association = associate(task)
    answers = []
    for number, packet in enumerate(task["packets"], 1):
        try:
            answers.append({"packet": bytes(work(association, parse(packet), number)).hex()})
        except Exception as error:
            answers.append({"error": f"{type(error).__name__}: {error}"})
    return answers


def main():
    tasks = json.load(sys.stdin)
    if "encrypt" in tasks:
        answers = [each(task, lambda sa, packet, number: sa.encrypt(packet, seq_num=number)) for task in tasks["encrypt"]]
    else:
        answers = [each(task, lambda sa, packet, _: sa.decrypt(packet)) for task in tasks["decrypt"]]
    json.dump(answers, sys.stdout)


main()
