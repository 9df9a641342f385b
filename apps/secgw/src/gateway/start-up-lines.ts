import type { CryptoDevice } from '@inline-ipsec/cryptodev/crypto-device';
import type { LogType } from '@inline-ipsec/eal/log';
import { linkToText } from '@inline-ipsec/ethdev/link';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import type { ApplicationOptions } from '../options/application-options.ts';

/** What DPDK's gateway prints while it starts, where harnesses look for it. */

/** Which crypto devices serve which lcore. */
export function cryptoMappingLines(lcores: readonly number[], devices: readonly CryptoDevice[]): string[] {
  const lines = ['lcore/cryptodev/qp mappings:'];
  lcores.forEach((lcore, pair) => {
    for (const { id, name } of devices) {
      for (const side of ['Outbound', 'Inbound']) {
        lines.push(`${side} cdev mapping: lcore ${lcore} using cdev ${id} qp ${pair} (cdev_id_qp ${id}) ${name}`);
      }
    }
  });
  return lines;
}

/** The link of each port; one without a wire says so. */
export function linkLines(ports: readonly EthPort[]): string[] {
  return [
    '',
    'Checking link status....done',
    ...ports.map((port) => {
      const unplugged = port.wires.some(({ name }) => name === 'none');
      const why = unplugged ? ' (no wire: its cable is unplugged; give it one with wire=…)' : '';
      return `Port ${port.id} ${linkToText(port.link())}${why}`;
    }),
  ];
}

/** The last lines before packets flow: harnesses wait for `entering main loop`. */
export function logMainLoops(log: LogType, lcores: readonly number[], options: ApplicationOptions): void {
  const seconds = options.statisticsSeconds;
  log.info(seconds > 0 ? `Stats display reporting every ${seconds} seconds` : 'Stats display disabled');
  for (const lcore of lcores) {
    log.info(`entering main loop on lcore ${lcore}`);
    for (const mapping of options.queues) {
      if (mapping.lcore !== lcore) continue;
      log.info(` -- lcoreid=${lcore} portid=${mapping.port} rxqueueid=${mapping.queue}`);
    }
  }
}
