import { Eal } from '@inline-ipsec/eal/eal';
import { simulatedEnvironment } from '@inline-ipsec/eal/environment';
import { Memory } from '@inline-ipsec/eal/memory';
import { describe, expect, it } from 'vitest';
import { CryptoDevices } from './crypto-devices.ts';
import { cryptoDrivers, type PlatformEngines } from './crypto-drivers.ts';
import { createIpsecMbEngine } from './node/ipsec-mb-engine.ts';
import { createOpensslEngine } from './node/openssl-engine.ts';
import { nativeMemory, whyNoIpsecMb } from './node/testing/native.ts';

const noIpsecMb = whyNoIpsecMb();

function start(
  vdevs: string[],
  engines: PlatformEngines = { openssl: createOpensslEngine },
  memory: (bytes: number) => Memory = (bytes) => Memory.create({ bytes }),
) {
  const environment = simulatedEnvironment();
  const devices = new CryptoDevices();
  const argv = ['app', '-m', '16', ...vdevs.flatMap((vdev) => ['--vdev', vdev]), '--'];
  const eal = Eal.init({ argv, environment, memory, drivers: cryptoDrivers(devices, engines) });
  return { eal, devices, stderr: environment.written.stderr };
}

describe('virtual crypto devices', () => {
  it('come from the command line, in its order', () => {
    const { devices, stderr } = start([
      'crypto_openssl0',
      'crypto_null0',
      'crypto_noble0,max_nb_queue_pairs=3',
      'crypto_null1',
    ]);
    expect(stderr).not.toContain('failed');
    expect(devices.all().map(({ id, name }) => `${id} ${name}`)).toEqual([
      '0 crypto_openssl0',
      '1 crypto_null0',
      '2 crypto_noble0',
      '3 crypto_null1',
    ]);
    expect(devices.count).toBe(4);
    expect(devices.countByDriver('crypto_null')).toBe(2);
    expect(devices.byName('crypto_noble0')?.info()).toMatchObject({ engine: 'noble', maxQueuePairs: 3 });
    expect(devices.byName('crypto_noble7')).toBeUndefined();
    expect(devices.byId(1)?.driver).toBe('crypto_null');
    expect(devices.byId(9)).toBeUndefined();
  });

  it.each(['crypto_aesni_mb0', 'crypto_aesni_gcm0'])('%s is known, and refused with the reason', (name) => {
    const { devices, stderr } = start([name, 'crypto_null0']);
    expect(stderr).toContain(`${name}: engine ipsec-mb is not in this build`);
    expect(devices.all().map((device) => device.name)).toEqual(['crypto_null0']);
    expect([...devices.refused].map(([refused, { message }]) => [refused, message])).toEqual([
      [name, 'engine ipsec-mb is not in this build'],
    ]);
  });

  const each = it.skipIf(noIpsecMb !== '').each(['crypto_aesni_mb0', 'crypto_aesni_gcm0']);
  each(`%s is the engine ipsec-mb${noIpsecMb}`, (name) => {
    const memory = nativeMemory(0x100_0000);
    const { devices } = start([name], { ipsecMb: createIpsecMbEngine }, () => memory);
    expect(devices.byName(name)?.info()).toMatchObject({ engine: 'ipsec-mb' });
    expect(devices.refused.size).toBe(0);
  });

  it('crypto_openssl is refused where there is no OpenSSL', () => {
    expect(start(['crypto_openssl'], {}).stderr).toContain('crypto_openssl: engine openssl is not in this build');
  });

  it('refuse arguments that they do not know', () => {
    const { devices, stderr } = start(['crypto_null0,max_nb_queue_pair=2', 'crypto_null1,max_nb_queue_pairs=0']);
    expect(stderr).toContain('did you mean max_nb_queue_pairs');
    expect(stderr).toContain('device crypto_null1 cannot have this max_nb_queue_pairs');
    expect(devices.count).toBe(0);
  });

  it('read over the arguments of DPDK that mean nothing here', () => {
    expect(start(['crypto_null0,socket_id=0,max_nb_sessions=128']).devices.count).toBe(1);
  });

  it('go when the EAL is cleaned up', () => {
    const { eal, devices } = start(['crypto_null0', 'crypto_openssl0']);
    const device = devices.byName('crypto_openssl0');
    device?.configure({ queuePairs: 1 });
    device?.queuePairSetup(0, { descriptors: 8 });
    device?.start();
    eal.cleanup();
    expect(devices.count).toBe(0);
  });
});

describe('the registry of crypto devices', () => {
  it('has one of a name, and gives numbers out again', () => {
    const { eal, devices } = start(['crypto_null0', 'crypto_null1']);
    const parts = { driver: 'crypto_openssl', memory: eal.memory, createEngine: createOpensslEngine };
    expect(() => devices.add({ ...parts, name: 'crypto_null1' })).toThrow(expect.objectContaining({ errno: 'EEXIST' }));
    devices.remove('crypto_null0');
    expect(() => devices.remove('crypto_null0')).toThrow(expect.objectContaining({ errno: 'ENODEV' }));
    expect(devices.add({ ...parts, name: 'crypto_openssl5' }).id).toBe(0);
    expect(devices.count).toBe(2);
  });
});
