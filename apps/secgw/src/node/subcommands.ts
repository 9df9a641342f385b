import { CARD_ARGUMENTS } from '@inline-ipsec/ixgbe/card-arguments';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_SIZES } from '../bench/frame-mix.ts';
import { ALL_SECTIONS, benchCommand, DEFAULT_ENGINES, DEFAULT_SECTIONS } from './bench-command.ts';
import { capabilitiesCommand } from './capabilities-command.ts';
import type { CardTraceRequest } from './card-trace-output.ts';
import { demoCommand } from './demo-command.ts';
import { gatewayCommand } from './gateway-command.ts';
import { type SiliconOptions, siliconCommand } from './silicon/silicon-command.ts';

/** What the options of the trace leave open. */
const TRACE_HELP = `
Keys are never written. An access that repeats the one before is counted, not written again.

  ipsec-secgw trace --only security -l 6,7 -a 06:00.0,wire=... -- -p 0x3 ... -f inline.cfg`;

const ENGINES = 'null, ipsec-mb, openssl, noble';
/** What the options of the benchmark leave open. */
const BENCH_HELP = `
Sections: ${ALL_SECTIONS.join(', ')}.
With --beside and without --only they are beside and crypto-perf.

  ipsec-secgw bench --only all --report folder    everything, in files
  ipsec-secgw bench --only latency --sizes 64     one section, one size
  ipsec-secgw bench --beside PATH                 DPDK's gateway and ours; interop/peer/build-peer makes PATH`;

/** How cards are played for a driver of somebody else's. */
const SILICON_HELP = `
COMMAND is a DPDK program with its own driver for the 82599: it finds the cards as PCI devices. It ends the cards, and its
exit status is this one's. Without COMMAND a line says how to start one by hand. A card that cannot go on ends COMMAND, and the
status is 125. With strict in a device's arguments a write that its register does not allow is such a reason; reads of a
foreign driver cannot be seen. What a card can be told: ${CARD_ARGUMENTS.join(', ')} (docs/card-arguments.md).

  ipsec-secgw silicon -a 06:00.0,wire=pcap,rx_pcap=in0.pcap,tx_pcap=out0.pcap \\
    -a 06:00.1,wire=pcap,rx_pcap=in1.pcap,tx_pcap=out1.pcap -- \\
    dpdk-testpmd --lcores '0@0,1@0' --huge-dir /mnt/huge --file-prefix p -m 256 -- --auto-start`;

/**
 * Parses and runs a sub-command; returns the exit status.
 *
 * @param module what the threads of a gateway run
 */
export async function subcommands(words: readonly string[], module: URL): Promise<number> {
  const program = new Command('ipsec-secgw')
    .usage('COMMAND [options]\n       ipsec-secgw EAL-OPTIONS -- GATEWAY-OPTIONS')
    .description(
      "The IPsec security gateway. What begins with - is the command line of DPDK's ipsec-secgw, which -h lists.",
    )
    .exitOverride();
  let status = 0;
  program
    .command('demo')
    .description("the two tests of the article on two modelled 82599 cards, with the article's own bytes")
    .option('--json', 'one JSON document', false)
    .action((options: { json: boolean }) => {
      status = demoCommand(options);
    });
  program
    .command('trace')
    .description('run the gateway, and write what its modelled 82599 cards see: register accesses, IPsec decisions')
    .argument('[options...]', "the gateway's command line: EAL-OPTIONS -- GATEWAY-OPTIONS")
    .option('--json', 'JSON, one line an event', false)
    .addOption(new Option('--only <kind>', 'of both').choices(['registers', 'security']))
    .option('--output <file>', 'where to (default: stdout, among what the gateway says)')
    .addHelpText('after', TRACE_HELP)
    .helpOption('--help', 'display help for command')
    .allowUnknownOption()
    .action(async (line: readonly string[], options: CardTraceRequest) => {
      status = await gatewayCommand(line, module, options);
    });
  program
    .command('capabilities')
    .description('what ports can do, named as for the gateway: -a 06:00.0 --vdev net_null0')
    .argument('[options...]', "the EAL's options; the gateway's, behind --, are passed over")
    .option('--json', 'one JSON document', false)
    .allowUnknownOption()
    .action((words: readonly string[], options: { json: boolean }) => {
      status = capabilitiesCommand(words, options);
    });
  program
    .command('bench')
    .description('measure engines, stages and the whole path, in this process or beside the gateway of DPDK')
    .option(
      '--only <sections>',
      `sections of the report, separated by commas, or all (default: ${DEFAULT_SECTIONS})`,
      list,
    )
    .option(
      '--engines <names>',
      `of ${ENGINES}, separated by commas; null is no crypto (default: ${DEFAULT_ENGINES})`,
      list,
    )
    .option('--sizes <sizes>', `frames by their bytes, or imix, separated by commas (default: ${DEFAULT_SIZES})`, list)
    .option('--seconds <number>', 'seconds of each measurement', positive, 0.5)
    .option('--rounds <number>', 'rounds of each measurement, of which the median counts', positiveInteger, 15)
    .option('--packets <number>', 'the most packets of each measurement', positiveInteger)
    .option('--beside <path>', "run DPDK's ipsec-secgw and this one in turn, as processes, with one command line")
    .option('--turns <number>', 'turns of each process', positiveInteger, 3)
    .option('--interval <seconds>', 'seconds between the statistics screens of a process', positiveInteger, 3)
    .option('--targets', 'measure what the table of targets needs, and print it', false)
    .option('--report <folder>', 'write report.md, report.json and plots')
    .option('--json', 'one JSON document', false)
    .addOption(new Option('--row <specification>').hideHelp())
    .addOption(new Option('--capture <scenario>').hideHelp())
    .addHelpText('after', BENCH_HELP)
    .action(benchCommand);
  program
    .command('silicon')
    .description("modelled cards for somebody else's driver: DPDK's own ixgbe in an unmodified program (Linux, root)")
    .requiredOption(
      '-a, --allow <device>',
      'a card and its wire, as the gateway has it: 06:00.0,wire=…[,engine=…][,ARGUMENT=VALUE]…; once for each card',
      append,
    )
    .option(
      '--huge-dir <folder>',
      "the command's --huge-dir (default: as it says there, or the hugetlbfs that is mounted)",
    )
    .option('--file-prefix <word>', "the command's --file-prefix (default: as it says there, or rte)")
    .option(
      '--quiet <milliseconds>',
      'frames wait until a driver has written no register for so long: it may add its SAs with receive on already',
      positiveInteger,
    )
    .option(
      '--trace <file>',
      'write what the cards see, as ipsec-secgw trace does; but reads of registers, which nobody sees',
    )
    .option('--json', 'the trace as JSON, one line an event', false)
    .addOption(new Option('--only <kind>', 'of a trace').choices(['registers', 'security']))
    .argument('[command...]', 'behind --: a program and its arguments')
    .addHelpText('after', SILICON_HELP)
    .action(async (command: string[], options: SiliconOptions) => {
      status = await siliconCommand(options, command, module);
    });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    const { exitCode } = error as { exitCode?: number };
    if (exitCode === undefined) throw error;
    return exitCode;
  }
}

function list(text: string): string[] {
  return text.split(',');
}

function append(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return value;
}
