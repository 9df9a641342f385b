import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkConfiguration } from './check.ts';
import { consumeConfiguration, parseConfiguration, wipeKeys } from './configuration.ts';
import { ConfigurationError, formatWarning } from './configuration-error.ts';
import { heapKeyStore, type KeyStore } from './key.ts';
import { sasBySpi } from './rules.ts';

const KEY = Uint8Array.of(
  0x2b,
  0x7e,
  0x15,
  0x16,
  0x28,
  0xae,
  0xd2,
  0xa6,
  0xab,
  0xf7,
  0x15,
  0x88,
  0x09,
  0xcf,
  0x4f,
  0x3d,
);
const SALT = Uint8Array.of(0xde, 0xad, 0xbe, 0xef);

const encode = (text: string) => new TextEncoder().encode(text);

/** The keys that were asked for, to see what became of them. */
function watchedKeyStore(): KeyStore & { readonly rooms: Uint8Array[] } {
  const rooms: Uint8Array[] = [];
  return {
    rooms,
    allocate: (bytes) => {
      const room = new Uint8Array(bytes);
      rooms.push(room);
      return room;
    },
  };
}

function example(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../examples/${name}`, import.meta.url)));
}

describe("the article's configuration", () => {
  it('is read as it is printed, backslash before an empty line included', () => {
    const configuration = parseConfiguration(example('inline.cfg'), { file: 'inline.cfg', keys: heapKeyStore() });
    const { sps, sas, routes, warnings } = configuration;
    expect(warnings).toEqual([]);
    expect(sps).toMatchObject([
      {
        family: 'ipv4',
        direction: 'out',
        action: 'protect',
        spi: 1005,
        priority: 1,
        destination: { address: Uint8Array.of(192, 168, 105, 0), length: 24 },
        source: { length: 0 },
        protocol: { mask: 0 },
        sourcePorts: { low: 0, high: 65535 },
        destinationPorts: { low: 0, high: 65535 },
      },
    ]);
    const tunnel = {
      mode: 'ipv4-tunnel',
      source: Uint8Array.of(172, 16, 1, 5),
      destination: Uint8Array.of(172, 16, 2, 5),
      type: 'inline-crypto-offload',
      port: 1,
      crypto: { kind: 'aead', aead: { name: 'aes-128-gcm' }, key: KEY, salt: SALT },
    };
    expect(sas).toMatchObject([
      { direction: 'out', spi: 1005, place: { line: 5 }, ...tunnel },
      { direction: 'in', spi: 5, place: { line: 10 }, ...tunnel },
    ]);
    expect(routes).toMatchObject([
      { destination: { address: Uint8Array.of(172, 16, 2, 5), length: 32 }, port: 1 },
      { destination: { address: Uint8Array.of(192, 168, 105, 10), length: 32 }, port: 0 },
    ]);
  });

  it('passes the check, with the one warning that it deserves', () => {
    const configuration = parseConfiguration(example('inline.cfg'), { file: 'inline.cfg', keys: heapKeyStore() });
    const warnings = checkConfiguration(configuration, { portMask: 0xf, unprotectedMask: 0x2 });
    expect(warnings.map(formatWarning)).toEqual([
      'inline.cfg:10: warning: key and salt are those of SPI 1005 in direction out at line 5: nonces come twice, which breaks aes-128-gcm; give every SA its own',
    ]);
  });

  it('has a lookaside twin', () => {
    const configuration = parseConfiguration(example('lookaside.cfg'), { file: 'lookaside.cfg', keys: heapKeyStore() });
    expect(configuration.warnings).toEqual([]);
    expect(configuration.sas.map(({ type, port }) => [type, port])).toEqual([
      ['no-offload', 1],
      ['no-offload', 1],
    ]);
    expect(checkConfiguration(configuration)).toHaveLength(1);
  });
});

describe('a configuration in the style of the endpoint files of DPDK', () => {
  const TEXT = `###########################################################################
#   Two endpoints, back to back
###########################################################################

#SP IPv4 rules
sp ipv4 out esp protect 5 pri 1 dst 192.168.105.0/24 sport 0:65535 dport 0:65535
sp ipv4 out esp protect 10 pri 1 dst 192.168.175.0/24 sport 0:65535 dport 0:65535
sp ipv4 out esp bypass pri 1 dst 192.168.240.0/24 sport 0:65535 dport 0:65535

sp ipv4 in esp protect 105 pri 1 dst 192.168.115.0/24 sport 0:65535 dport 0:65535
sp ipv4 in esp bypass pri 1 dst 192.168.245.0/24 sport 0:65535 dport 0:65535

#SP IPv6 rules
sp ipv6 out esp protect 5 pri 1 dst 0000:0000:0000:0000:5555:5555:0000:0000/96 \\
sport 0:65535 dport 0:65535
sp ipv6 in esp protect 105 pri 1 dst 0000:0000:0000:0000:1111:1111:0000:0000/96 \\
sport 0:65535 dport 0:65535

#SA rules
sa out 5 cipher_algo aes-128-cbc cipher_key 0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0 \\
auth_algo sha1-hmac auth_key 0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0 \\
mode ipv4-tunnel src 172.16.1.5 dst 172.16.2.5

sa out 10 cipher_algo aes-128-cbc cipher_key a0:a0:a0:a0:a0:a0:a0:a0:a0:a0:a0:\\
a0:a0:a0:a0:a0 auth_algo sha1-hmac auth_key a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:\\
a1:a1:a1:a1:a1:a1:a1:a1:a1 mode ipv6-tunnel \\
src 1111:1111:1111:1111:1111:1111:1111:5555 \\
dst 2222:2222:2222:2222:2222:2222:2222:5555

sa in 105 aead_algo aes-128-gcm aead_key de:ad:be:ef:de:ad:be:ef:de:ad:be:ef:\\
de:ad:be:ef:de:ad:be:ef mode ipv4-tunnel src 172.16.2.5 dst 172.16.1.5

#Routing rules
rt ipv4 dst 172.16.2.5/32 port 0
rt ipv6 dst 2222:2222:2222:2222:2222:2222:2222:5555/116 port 0

#Neighbours
neigh port 0 DE:AD:BE:EF:01:02
`;

  it('is read whole, keys that go on in the next line included', () => {
    const { sps, sas, routes, neighbours, warnings } = parseConfiguration(encode(TEXT), {
      file: 'ep0.cfg',
      keys: heapKeyStore(),
    });
    expect(warnings).toEqual([]);
    expect(sps.map(({ family, direction, action, spi }) => `${family} ${direction} ${action} ${spi}`)).toEqual([
      'ipv4 out protect 5',
      'ipv4 out protect 10',
      'ipv4 out bypass 0',
      'ipv4 in protect 105',
      'ipv4 in bypass 0',
      'ipv6 out protect 5',
      'ipv6 in protect 105',
    ]);
    expect(sas).toHaveLength(3);
    expect(sas[1].crypto).toMatchObject({
      kind: 'chain',
      cipher: { name: 'aes-128-cbc' },
      cipherKey: new Uint8Array(16).fill(0xa0),
      auth: { name: 'sha1-hmac' },
      authKey: new Uint8Array(20).fill(0xa1),
      salt: new Uint8Array(0),
    });
    expect(sas[2].crypto).toMatchObject({ salt: SALT });
    expect(routes.map(({ destination }) => destination.length)).toEqual([32, 116]);
    expect(neighbours).toHaveLength(1);
  });

  it('passes the check of legacy mode, and not that of library mode, for its SPIs serve both families', () => {
    const configuration = parseConfiguration(encode(TEXT), { file: 'ep0.cfg', keys: heapKeyStore() });
    expect(checkConfiguration(configuration)).toEqual([]);
    expect(() => checkConfiguration(configuration, { library: true })).toThrow(
      'SPI 5 used simultaneously by IPv4 and IPv6 SP rules',
    );
  });

  it('lists its SAs by SPI', () => {
    const configuration = parseConfiguration(encode(TEXT), { file: 'ep0.cfg', keys: heapKeyStore() });
    expect(sasBySpi(configuration, 'out').map(({ spi }) => spi)).toEqual([5, 10]);
    expect(sasBySpi(configuration, 'in').map(({ spi }) => spi)).toEqual([105]);
  });

  it('begins with an empty line, as the ones of the test scripts do, and works with the line ends of DOS', () => {
    const dos = '\r\n#SP\r\nsp ipv4 in esp bypass pri 1 sport 0:65535 dport 0:65535\r\n';
    expect(parseConfiguration(encode(dos), { file: 'dos.cfg', keys: heapKeyStore() }).sps).toHaveLength(1);
  });
});

describe('keys', () => {
  const text =
    'sa in 5 aead_algo aes-128-gcm aead_key 2b:7e:15:16:28:ae:d2:a6:ab:f7:15:88:09:cf:4f:3d:de:ad:be:ef mode transport\n';

  it('lie in the key store that was given, salt behind key', () => {
    const keys = watchedKeyStore();
    const { sas } = parseConfiguration(encode(text), { file: 'x.cfg', keys });
    expect(keys.rooms).toEqual([Uint8Array.of(...KEY, ...SALT)]);
    expect(sas[0].crypto).toMatchObject({ kind: 'aead', key: KEY, salt: SALT });
    expect(sas[0].crypto.salt.buffer).toBe(keys.rooms[0].buffer);
  });

  it('are zeroed when a later line is wrong', () => {
    const keys = watchedKeyStore();
    expect(() => parseConfiguration(encode(`${text}nonsense\n`), { file: 'x.cfg', keys })).toThrow(ConfigurationError);
    expect(keys.rooms).toEqual([new Uint8Array(20)]);
  });

  it('take no room when they are broken themselves', () => {
    const keys = watchedKeyStore();
    const broken = text.replace(':ef', ':eg');
    expect(() => parseConfiguration(encode(broken), { file: 'x.cfg', keys })).toThrow(ConfigurationError);
    expect(keys.rooms).toEqual([]);
  });

  it('are zeroed on demand', () => {
    const keys = watchedKeyStore();
    const chain = `sa in 6 cipher_algo 3des-cbc cipher_key ${Array(24).fill('7').join(':')} auth_algo sha1-hmac auth_key ${Array(20).fill('8').join(':')} mode transport\n`;
    wipeKeys(parseConfiguration(encode(text + chain), { file: 'x.cfg', keys }));
    expect(keys.rooms).toEqual([new Uint8Array(20), new Uint8Array(24), new Uint8Array(20)]);
  });

  it('do not stay in the text of a file that is consumed, right or wrong', () => {
    for (const end of ['', 'nonsense\n']) {
      const bytes = encode(text + end);
      try {
        consumeConfiguration(bytes, { file: 'x.cfg', keys: heapKeyStore() });
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationError);
      }
      expect(bytes.every((byte) => byte === 0)).toBe(true);
    }
  });

  it('stay in the text of a file that is only parsed', () => {
    const bytes = encode(text);
    parseConfiguration(bytes, { file: 'x.cfg', keys: heapKeyStore() });
    expect(bytes).toEqual(encode(text));
  });
});

it('an error names file, line and column', () => {
  try {
    parseConfiguration(encode('\n  wrong\n'), { file: '/etc/x.cfg', keys: heapKeyStore() });
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ file: '/etc/x.cfg', line: 2, column: 3, errno: 'EINVAL', code: 'ERR_CONFIG_WORD' });
    expect((error as Error).message).toMatch(/^\/etc\/x\.cfg:2: error: parsing "wrong" failed/);
  }
});
