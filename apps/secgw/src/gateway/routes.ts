import type { Memory } from '@inline-ipsec/eal/memory';
import { Lpm4 } from '@inline-ipsec/lpm/lpm4';
import { Lpm6 } from '@inline-ipsec/lpm/lpm6';
import { formatIpv4 } from '@inline-ipsec/net/ipv4';
import { formatIpv6 } from '@inline-ipsec/net/ipv6';
import type { GatewayConfiguration } from '../configuration/rules.ts';

/** The route tables of a gateway; undefined for a family without `rt` lines. */
export interface RouteTables {
  readonly routes4: Lpm4 | undefined;
  readonly routes6: Lpm6 | undefined;
}

/**
 * Builds the route tables from the file's `rt` lines, and says so in DPDK's words.
 *
 * @throws SetupError as `Lpm4.add` and `Lpm6.add` do
 */
export function buildRoutes(
  memory: Memory,
  configuration: GatewayConfiguration,
  print: (line: string) => void,
): RouteTables {
  const rules4 = configuration.routes.filter(({ family }) => family === 'ipv4');
  const rules6 = configuration.routes.filter(({ family }) => family === 'ipv6');
  if (configuration.routes.length === 0) print('IPSEC: No Routing rule specified');

  let routes4: Lpm4 | undefined;
  if (rules4.length > 0) {
    routes4 = Lpm4.create(memory, 'rt_ip4', { maxRules: rules4.length });
    for (const { destination, port } of rules4) {
      const address = new DataView(destination.address.buffer, destination.address.byteOffset, 4).getUint32(0);
      routes4.add(address, destination.length, port);
      print(`LPM: Adding route ${formatIpv4(address)}/${destination.length} (${port})`);
    }
  }

  let routes6: Lpm6 | undefined;
  if (rules6.length > 0) {
    routes6 = Lpm6.create(memory, 'rt_ip6', { maxRules: rules6.length });
    for (const { destination, port } of rules6) {
      routes6.add(destination.address, destination.length, port);
      print(`LPM6: Adding route ${formatIpv6(destination.address)}/${destination.length} (${port})`);
    }
  }
  return { routes4, routes6 };
}
