import { writePcap } from '@inline-ipsec/net/pcap';
import { beforeAll, describe, expect, it } from 'vitest';
import { articlePacket, LOOKASIDE_CONFIGURATION } from './article-gateway.ts';
import { captureWords, GatewayProcess, runGateway } from './gateway-process.ts';
import { IPSEC_MB } from './native-library.ts';
import { frameOf } from './packets.ts';
import { TemporaryFolder } from './temporary-folder.ts';

/**
 * The command by which the gateway is compared with DPDK's: a capture replayed from memory as fast as it goes, what is sent
 * thrown away. Whoever compares reads `Packets sent:` out of a pipe, screen after screen.
 */

const FRAMES = 256;
const SCREENS = 3;
/** Milliseconds between two screens, by `-t 3`. */
const INTERVAL = 3000;

const folder = new TemporaryFolder();
folder.write('clear64.pcap', writePcap(Array.from({ length: FRAMES }, () => ({ data: frameOf(articlePacket(30)) }))));
// The same tunnel both ways: what goes out under an SPI comes in under it.
folder.write('inline.cfg', LOOKASIDE_CONFIGURATION);
const BACK = LOOKASIDE_CONFIGURATION.replace('sa in 5', 'sa in 1005').replace('105.10/32 port 0', '105.10/32 port 1');
folder.write('back.cfg', BACK);

/** The line, word for word but for the names of files and the unprotected port. */
const line = (capture: string, unprotected: string, configuration: string) =>
  `-l 1 --no-huge -m 1024 --no-pci --file-prefix b --vdev net_pcap0,rx_pcap=${capture},infinite_rx=1 \
--vdev net_null1,no-rx=1 --vdev crypto_aesni_gcm0 -- -p 0x3 -P -u ${unprotected} --config=(0,0,1),(1,0,1) \
-f ${configuration} -t 3`.split(' ');

describe.skipIf(!IPSEC_MB.here)(`a capture replayed with crypto_aesni_gcm0${IPSEC_MB.note}`, () => {
  beforeAll(async () => {
    const words = captureWords({
      configuration: 'inline.cfg',
      clear: 'clear64.pcap',
      out: ['/dev/null', 'esp64.pcap'],
    });
    expect(await runGateway(folder.path, words)).toMatchObject({ status: 0 });
  });

  it.concurrent.each([
    ['from clear to ESP', line('clear64.pcap', '0x2', 'inline.cfg')],
    ['from ESP to clear', line('esp64.pcap', '0x1', 'back.cfg')],
  ])('%s tells every 3 seconds what it has sent, at once', async (_way, words) => {
    const gateway = new GatewayProcess(folder.path, words);
    await gateway.wrote('entering main loop on lcore 1');
    const times = [performance.now()];
    const sent: number[] = [];
    for (let screen = 1; screen <= SCREENS; screen++) {
      // It is still running: what is read here was flushed when it was written.
      await gateway.wrote('Total packets dropped:', screen);
      times.push(performance.now());
      const [last] = [...gateway.stdout.matchAll(/^Packets sent: +(\d+)$/gm)].slice(-1);
      sent.push(Number(last[1]));
    }
    gateway.signal('SIGINT');
    const { status, stdout } = await gateway.ended;
    expect(status).toBe(0);
    // A capture as short as this is replayed many times between two screens.
    for (let i = 1; i < SCREENS; i++) expect(sent[i] - sent[i - 1]).toBeGreaterThan(100 * FRAMES);
    const whole = (times[SCREENS] - times[1]) / (SCREENS - 1);
    expect(whole).toBeGreaterThan(0.75 * INTERVAL);
    expect(whole).toBeLessThan(1.5 * INTERVAL);
    // One line an lcore on each screen, the last screen's included; sums read otherwise.
    expect(stdout.match(/^Packets sent: +\d+$/gm)).toHaveLength(SCREENS + 1);
    expect(stdout.match(/^Total packets sent: +\d+$/gm)).toHaveLength(SCREENS + 1);
    expect(stdout.match(/^Packets dropped: +0$/gm)).toHaveLength(SCREENS + 1);
  });
});
