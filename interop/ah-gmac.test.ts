import * as ah from '@inline-ipsec/ixgbe/vectors/ah-gmac';
import { describe, expect, it } from 'vitest';
import { SCAPY_ESP, scapyScript } from './scapy.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/** The packets with AH that the modelled 82599 is tested with, judged by scapy and `cryptography`. */

const SCRIPT = `
from scapy.layers.ipsec import AH, zero_mutable_fields
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

def judge(text):
    raw = bytes.fromhex(text)
    packet = IP(raw) if raw[0] >> 4 == 4 else IPv6(raw)
    field = bytes(packet[AH].icv)
    iv, icv, padding = field[:8], field[8:24], field[24:]
    covered = bytes(zero_mutable_fields(packet))
    if AESGCM(bytes.fromhex(KEY)).encrypt(bytes.fromhex(SALT) + iv, b'', covered) != icv:
        return 'another ICV'
    return 'AH %d/%d to %s, %d bytes of padding' % (packet[AH].spi, packet[AH].seq, packet.dst, len(padding))
`;

describe.skipIf(!SCAPY_ESP.here)(`AH with AES-128-GMAC${SCAPY_ESP.note}`, () => {
  const folder = new TemporaryFolder();

  it.each([
    ['in IPv4', ah.AH_IPV4, 'AH 16909060/7 to 192.168.1.1, 0 bytes of padding'],
    ['in an IPv4 tunnel', ah.AH_TUNNEL, 'AH 16909060/8 to 192.168.1.1, 0 bytes of padding'],
    ['in IPv6', ah.AH_IPV6, 'AH 16909060/9 to 2001:db8::1, 4 bytes of padding'],
  ])('%s has the ICV that scapy finds', (_name, packet, verdict) => {
    const names = `KEY = '${ah.AH_KEY}'\nSALT = '${ah.AH_SALT}'\n`;
    expect(scapyScript(folder.path, `${names}${SCRIPT}\nprint(judge('${packet}'))`).trim()).toBe(verdict);
  });
});
