import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { espPacket } from './esp-packets.ts';
import { articlePacket } from './packets.ts';

/** The program that the article's script is written for, as the judge of our packets. Debian's scapy belongs to Debian's Python. */

const hex = (data: Uint8Array) => Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

const PYTHON = '/usr/bin/python3';
const scapy = spawnSync(PYTHON, ['-c', 'import scapy.layers.ipsec'], { timeout: 30_000 }).status === 0;
if (!scapy) console.warn('scapy.test.ts: no scapy for /usr/bin/python3, so its judgement is not asked for');

describe.skipIf(!scapy)(`scapy${scapy ? '' : ' (skipped: no scapy)'}`, () => {
  const SIZES = [6, 7, 8, 9, 10, 64, 1400, 10_006];
  const IV = Uint8Array.of(0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10);
  const ours = SIZES.map((size, i) => ({
    size,
    sequence: i + 1,
    clear: hex(articlePacket({ size })),
    esp: hex(espPacket(articlePacket({ size }), { sequence: i + 1, iv: IV })),
  }));

  const SCRIPT = `
import json, sys
from scapy.layers.inet import IP
from scapy.layers.ipsec import ESP, SecurityAssociation
key = bytes.fromhex('2b7e151628aed2a6abf7158809cf4f3ddeadbeef')
def association():
    sa = SecurityAssociation(ESP, spi=5, crypt_algo='AES-GCM', crypt_key=key, auth_algo='NULL', auth_key=None,
                             tunnel_header=IP(src='172.16.1.5', dst='172.16.2.5'))
    sa.crypt_algo.icv_size = 16
    return sa
def judge(case):
    packet = IP(src='192.168.105.10', dst='192.168.105.10') / ('|->' + ('test-' * 2000)[:case['size'] - 6] + '<-|')
    sealed = association().encrypt(IP(bytes(packet)), seq_num=case['sequence'], iv=bytes.fromhex('${hex(IV)}'))
    opened = association().decrypt(IP(bytes.fromhex(case['esp'])))
    return {'clear': bytes(packet).hex(), 'esp': bytes(sealed).hex(), 'opened': bytes(opened).hex()}
print(json.dumps([judge(case) for case in json.load(sys.stdin)]))
`;

  it('makes the same packets, clear and in ESP, and opens ours', () => {
    const { stdout, stderr, status } = spawnSync(PYTHON, ['-c', SCRIPT], {
      input: JSON.stringify(ours),
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual(ours.map(({ clear, esp }) => ({ clear, esp, opened: clear })));
  });
});
