import type { Eal } from '@inline-ipsec/eal/eal';
import { SetupError } from '@inline-ipsec/eal/errors';
import type { Memory } from '@inline-ipsec/eal/memory';
import type { EthPort } from '@inline-ipsec/ethdev/port';
import type { EthPorts } from '@inline-ipsec/ethdev/ports';
import { allDrops } from '@inline-ipsec/ipsec/drops';
import { PktmbufPool } from '@inline-ipsec/mbuf/pktmbuf';
import type { Wire } from '@inline-ipsec/wire/wire';
import { checkConfiguration } from '../configuration/check.ts';
import { formatWarning } from '../configuration/configuration-error.ts';
import type { Family, GatewayConfiguration } from '../configuration/rules.ts';
import { LcoreLoop, type ReceiveQueue } from '../datapath/lcore-loop.ts';
import type { TransmitTarget } from '../datapath/transmit.ts';
import type { ApplicationOptions } from '../options/application-options.ts';
import { checkApplicationOptions } from '../options/check-options.ts';
import { requestStaleChecksum } from './checksum-peculiarity.ts';
import type { CryptoService } from './crypto-service.ts';
import { installFlowRules } from './flow-rules.ts';
import { InlineSas } from './inline-sas.ts';
import { neighbourOf } from './neighbours.ts';
import { buildPolicies } from './policies.ts';
import { setUpPort } from './port-setup.ts';
import { buildRoutes } from './routes.ts';
import { spLine } from './rule-lines.ts';
import {
  buildSecurityAssociations,
  type Peculiarities2018,
  type SecurityAssociations,
} from './security-associations.ts';
import { cryptoMappingLines, linkLines, logMainLoops } from './start-up-lines.ts';
import { type LcoreStatistics, lcoreStatistics, portLossLines, statisticsText } from './statistics-screen.ts';

/** Mbufs that a pool has at least (DPDK's gateway: `nb_mbufs_in_pool`). */
const LEAST_MBUFS = 8192;
/** Mbufs that an lcore keeps for itself (DPDK's gateway: `MEMPOOL_CACHE_SIZE`). */
const MEMPOOL_CACHE = 256;
const DESCRIPTORS = 1024;
const BURST = 32;

/** What a gateway is put together from. */
export interface GatewayParts {
  readonly eal: Eal;
  readonly ports: EthPorts;
  readonly options: ApplicationOptions;
  readonly configuration: GatewayConfiguration;
  readonly crypto: CryptoService;
  readonly peculiarities?: Peculiarities2018;
}

/**
 * The IPsec security gateway, set up and ready: ports started, SAs, policies and routes live. It starts no threads:
 * {@link Gateway.poll} has every lcore go round once, and whoever owns the gateway calls it.
 */
export class Gateway {
  readonly loops: readonly LcoreLoop[];
  readonly associations: SecurityAssociations;
  readonly pool: PktmbufPool;
  readonly #parts: GatewayParts;
  readonly #ports: readonly EthPort[];
  readonly #inline: InlineSas;
  readonly #print: (line: string) => void;

  /**
   * Sets everything up in the order of DPDK's gateway, with the lines that it prints.
   *
   * @throws SetupError for whatever cannot be; nothing is left running
   */
  static start(parts: GatewayParts): Gateway {
    const { eal, options, ports } = parts;
    const print = (line: string) => eal.environment.write('stdout', `${line}\n`);
    for (const line of options.lines) print(line);
    const log = eal.log.type('IPSEC', 'user1');
    for (const warning of options.warnings) log.warning(warning);
    for (const warning of parts.configuration.warnings) eal.environment.write('stderr', `${formatWarning(warning)}\n`);
    const warnings = checkConfiguration(parts.configuration, {
      library: options.library,
      singleSa: options.singleSa !== undefined,
      portMask: options.portMask,
      unprotectedMask: options.unprotectedMask,
    });
    for (const warning of warnings) eal.environment.write('stderr', `${formatWarning(warning)}\n`);
    checkApplicationOptions(options, { lcores: eal.lcores, portCount: ports.count });
    if (options.untilIdle) refuseEndless(ports);
    return new Gateway(parts, print);
  }

  private constructor(parts: GatewayParts, print: (line: string) => void) {
    const { eal, options, configuration, crypto, peculiarities = {} } = parts;
    const { memory } = eal;
    this.#parts = parts;
    this.#print = print;
    this.#ports = [...parts.ports].filter(({ id }) => id < 32 && ((options.portMask >>> id) & 1) === 1);
    const lcores = [...new Set(options.queues.map(({ lcore }) => lcore))].sort((a, b) => a - b);

    crypto.start(lcores.length, options.cryptoDescriptors);
    for (const line of cryptoMappingLines(lcores, crypto.devices)) print(line);
    this.pool = PktmbufPool.create(memory, 'mbuf_pool', {
      count: options.poolBuffers ?? this.#poolSize(lcores.length),
      cacheSize: MEMPOOL_CACHE,
      dataRoom: options.frameBufferBytes,
    });
    print('Allocated mbuf pool on socket 0');
    print('Allocated session pool on socket 0');
    print(`Number of mbufs in packet pool ${this.pool.count}`);

    this.#startPorts(lcores);
    this.#inline = new InlineSas(memory, parts.ports, configuration);
    try {
      this.associations = buildSecurityAssociations({
        memory,
        environment: eal.environment,
        configuration,
        ports: parts.ports,
        crypto,
        inline: this.#inline,
        replayWindow: options.replayWindow,
        strict: options.strict,
        peculiarities,
        print,
      });
      this.loops = this.#buildLoops(lcores);
      if (peculiarities.checksumFieldLeft) for (const port of this.#ports) requestStaleChecksum(memory, port);
    } catch (error) {
      this.#inline.release();
      this.#stopPorts();
      throw error;
    }
    for (const refused of installFlowRules(parts.ports, configuration, print)) {
      eal.environment.write('stderr', `${formatWarning(refused)}\n`);
    }
    for (const line of linkLines(this.#ports)) print(line);
    logMainLoops(eal.log.type('IPSEC', 'user1'), lcores, options);
  }

  /** The EAL that it stands on. */
  get eal(): Eal {
    return this.#parts.eal;
  }

  /** The memory that all of it lies in. */
  get memory(): Memory {
    return this.#parts.eal.memory;
  }

  /** The wires of all its ports. */
  get wires(): Wire[] {
    return this.#ports.flatMap(({ wires }) => wires);
  }

  /** Packets that its lcores hold between receive and transmit. */
  get inFlight(): number {
    let packets = 0;
    for (const loop of this.loops) packets += loop.inFlight;
    return packets;
  }

  /**
   * One of its ports.
   *
   * @throws SetupError `ERR_PORT_UNKNOWN` (ENODEV)
   */
  port(id: number): EthPort {
    return this.#parts.ports.byId(id);
  }

  /** The options that it was started with. */
  get options(): ApplicationOptions {
    return this.#parts.options;
  }

  /** Every lcore goes round once, on this thread. Returns how much there was to do: 0 is nothing. */
  poll(): number {
    let work = 0;
    for (const loop of this.loops) work += loop.poll();
    return work;
  }

  /** True when nothing will come in any more and nothing is on its way: every wire is used up, all is sent. */
  get idle(): boolean {
    return this.inFlight === 0 && this.wires.every(({ done }) => done);
  }

  /** Sends what waits for a full burst, and has files written. */
  drain(): void {
    for (const loop of this.loops) loop.drain();
    for (const wire of this.wires) wire.flush();
  }

  /** What stopped a wire of a port, if anything did: a capture cut in mid-frame, a full disk. One sentence each. */
  failures(): string[] {
    return this.#ports.flatMap(({ name, wires }) =>
      wires.flatMap(({ failure }) => (failure === undefined ? [] : [`${name}: ${failure.message}`])),
    );
  }

  /** What each lcore has done. */
  statistics(): LcoreStatistics[] {
    return this.loops.map(({ lcore }) => lcoreStatistics(this.memory, lcore));
  }

  /** Drops of all lcores by reason, on one port or on all. */
  drops(port?: number): ReturnType<typeof allDrops> {
    return allDrops(this.#parts.eal.memory, port);
  }

  /** Prints the statistics screen, with the reasons for drops behind it: the gateway's, and those of each port. */
  printStatistics(): void {
    const lcores = this.loops.map(({ lcore }) => lcore);
    this.#parts.eal.environment.write('stdout', statisticsText(this.memory, lcores));
    for (const line of portLossLines(this.#ports)) this.#print(line);
  }

  /** Ends everything: sessions, flow rules, crypto devices, ports. What was under way is sent first. */
  stop(): void {
    const { crypto } = this.#parts;
    this.drain();
    this.#inline.release();
    this.associations.sad?.free();
    this.associations.table.free();
    crypto.close();
    crypto.devices.forEach((_device, index) => {
      this.#print(`Closing cryptodev ${index}... Done`);
    });
    this.#stopPorts();
    this.#print('Bye...');
  }

  #stopPorts(): void {
    for (const port of this.#ports) {
      port.stop();
      port.close();
      this.#print(`Closing port ${port.id}... Done`);
    }
  }

  #poolSize(lcores: number): number {
    const { options } = this.#parts;
    const ports = this.#ports.length;
    const perPort = lcores * (DESCRIPTORS + BURST);
    const inUse = options.queues.length * DESCRIPTORS + ports * perPort + lcores * MEMPOOL_CACHE;
    return Math.max(LEAST_MBUFS, inUse);
  }

  #startPorts(lcores: readonly number[]): void {
    const { eal, options, configuration, peculiarities = {} } = this.#parts;
    for (const port of this.#ports) {
      const rxLcores = options.queues
        .filter((mapping) => mapping.port === port.id)
        .sort((a, b) => a.queue - b.queue)
        .map(({ lcore }) => lcore);
      setUpPort(
        port,
        {
          rxLcores,
          txLcores: lcores,
          pool: this.pool,
          mtu: options.mtu,
          promiscuous: options.promiscuous,
          rxOffloadMask: options.rxOffloads.lo,
          txOffloadMask: options.txOffloads.lo,
          checksumOffload: peculiarities.checksumFieldLeft === true,
        },
        configuration,
        this.#print,
      );
      // Whoever polls the port's first queue steps it; a port that only sends is stepped by the first lcore.
      if (eal.steps.ownerOf(port.name) !== undefined) eal.steps.assign(port.name, rxLcores[0] ?? lcores[0]);
    }
    for (const port of this.#ports) port.start();
  }

  #buildLoops(lcores: readonly number[]): LcoreLoop[] {
    const { eal, options, ports, crypto } = this.#parts;
    const { memory } = eal;
    const tables = this.#buildTables();
    const offload = this.#inline.contexts();
    return lcores.map((lcore, txQueue) => {
      const receive: ReceiveQueue[] = options.queues
        .filter((mapping) => mapping.lcore === lcore)
        .map(({ port, queue }) => ({
          port: ports.byId(port),
          queue,
          unprotected: ((options.unprotectedMask >>> port) & 1) === 1,
        }));
      const transmit: TransmitTarget[] = this.#ports.map((port) => ({
        port,
        // A wire that has fewer queues than there are lcores is shared.
        queue: txQueue % (port.configuration?.txQueues ?? 1),
        neighbour: neighbourOf(port.id, this.#parts.configuration),
        mtu: options.mtu,
      }));
      return new LcoreLoop({
        lcore,
        memory,
        environment: eal.environment,
        steps: eal.steps,
        receive,
        transmit,
        tables,
        crypto: crypto.processorOf(txQueue),
        offload,
      });
    });
  }

  #buildTables() {
    const { eal, configuration, options } = this.#parts;
    const { outbound, inbound, sad } = this.associations;
    const single = options.singleSa;
    const policies = (family: Family, direction: 'in' | 'out') => {
      const count = configuration.sps.filter((sp) => sp.family === family && sp.direction === direction).length;
      const side = `${direction === 'in' ? 'Inbound' : 'Outbound'} ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`;
      // With a single SA no policy decides, in either direction.
      if (single !== undefined || count === 0) {
        this.#parts.eal.log.type('IPSEC', 'user1').warning(`No ${side} SP rule specified`);
        return undefined;
      }
      this.#print(`Creating SP context with ${count} rules`);
      for (const rule of configuration.sps) {
        if (rule.family === family && rule.direction === direction) this.#print(spLine(rule));
      }
      return buildPolicies(eal.memory, configuration, family, direction, direction === 'in' ? inbound : outbound);
    };
    return {
      sad,
      inbound4: policies('ipv4', 'in'),
      outbound4: policies('ipv4', 'out'),
      inbound6: policies('ipv6', 'in'),
      outbound6: policies('ipv6', 'out'),
      ...buildRoutes(eal.memory, configuration, this.#print),
      singleSa: single === undefined ? 0 : this.#singleSa(single),
    };
  }

  #singleSa(index: number): number {
    const positions = [...this.associations.outbound.values()];
    if (index < positions.length) return positions[index];
    throw new SetupError({
      code: 'ERR_OPTION_SINGLE_SA',
      errno: 'EINVAL',
      message: '--single-sa names an SA that is not there',
      expected: positions.length === 0 ? 'an outbound SA' : `0 to ${positions.length - 1}`,
      got: String(index),
    });
  }
}

function refuseEndless(ports: EthPorts): void {
  for (const port of ports) {
    for (const { endless } of port.wires) {
      if (endless === undefined) continue;
      throw new SetupError({
        code: 'ERR_NEVER_IDLE',
        errno: 'EINVAL',
        message: `--until-idle would never end: port ${port.id} (${port.name}) is never used up, for ${endless}`,
        remedy: 'leave --until-idle out, or give the port a finite wire',
      });
    }
  }
}
