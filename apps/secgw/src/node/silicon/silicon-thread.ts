import { setPriority } from 'node:os';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import type { EngineCandidate } from '@inline-ipsec/cryptodev/engine-choice';
import { createNobleEngine } from '@inline-ipsec/cryptodev/noble-engine';
import { parseDeviceArguments } from '@inline-ipsec/eal/device-arguments';
import { SetupError } from '@inline-ipsec/eal/errors';
import { FOREIGN_PAGE_BYTES, ForeignHugepages } from '@inline-ipsec/eal/linux/foreign-hugepages';
import { createNativeMemory } from '@inline-ipsec/eal/linux/native-memory';
import { MAP_SHARED, PROT_READ, PROT_WRITE, systemCalls } from '@inline-ipsec/eal/linux/system-calls';
import type { Memory } from '@inline-ipsec/eal/memory';
import { type PluggedCard, plugCard } from '@inline-ipsec/ixgbe/plugged-card';
import { BarPoller } from '@inline-ipsec/ixgbe/silicon/bar-poller';
import { rehearse } from '@inline-ipsec/ixgbe/silicon/bar-rehearsal';
import type { DmaMap } from '@inline-ipsec/ixgbe/silicon/dma';
import { pagedDma } from '@inline-ipsec/ixgbe/silicon/paged-dma';
import { BAR0_BYTES } from '@inline-ipsec/ixgbe/silicon/register-map';
import { pcapWireKind } from '@inline-ipsec/wire/pcap-wire';
import { WireKinds } from '@inline-ipsec/wire/wire-kinds';
import { engineCandidates } from '../../gateway/engine-candidates.ts';
import { CardTraceOutput, type CardTraceRequest } from '../card-trace-output.ts';
import { ControlWords } from '../control-words.ts';
import { nodePlatform } from '../platform.ts';
import { bindThread } from '../processor-affinity.ts';
import { startFailureText } from '../start-failure.ts';
import { countWire, type WireCounts } from './counted-wire.ts';
import { holdWire } from './held-wire.ts';
import type { CardReport } from './silicon-report.ts';

/**
 * The thread that plays the cards. It does nothing else, for a driver waits for some answers no longer than 10 µs: it never
 * sleeps, has a processor to itself where there is one, and makes no garbage while it goes round.
 */

/** What the thread is started with. */
export interface SiliconThreadData {
  readonly thread: 'ipsec-secgw silicon';
  readonly cards: readonly {
    /** `0000:06:00.0,wire=…`: the address in full. */
    readonly device: string;
    /** The descriptor of the file that is BAR0. */
    readonly descriptor: number;
  }[];
  readonly hugeFolder: string;
  readonly filePrefix: string;
  /** Hugepages of the command that have room. */
  readonly pages: number;
  /** Milliseconds without a register write, but for tails, before frames come to a card. */
  readonly quietMilliseconds: number;
  readonly processor: number;
  /** No lcore of the command runs there. */
  readonly alone: boolean;
  readonly control: SharedArrayBuffer;
  /** What is to be written while the cards are played; nothing if left out. */
  readonly trace?: CardTraceRequest | undefined;
}

/**
 * What it posts: that the cards are there, or why not; why one cannot go on, as soon as that is so; what they saw, then or
 * when it is told to stop.
 */
export type SiliconThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'failed'; readonly text: string }
  | { readonly kind: 'report'; readonly cards: readonly CardReport[] };

/** Memory for cards, captures and engines, besides the command's hugepages. */
const OWN_BYTES: number = 256 * 1024 * 1024;
/** Frames of a step, and while some driver is not ready to receive and may be about to reset its card. */
const BURST = 32;
const BURST_WHILE_STARTING = 4;
/** Rounds without anything to do before what was sent goes into files. */
const QUIET_ROUNDS = 4096;
/** Rounds between two looks for hugepages. */
const ROUNDS_PER_SCAN = 2048;
/** Rounds between two looks at the clock. */
const ROUNDS_PER_CLOCK = 256;
/** As nice as it can be to itself. */
const URGENT = -20;

/** Whether this is such a thread. */
export function isSiliconThread(): boolean {
  return !isMainThread && (workerData as Partial<SiliconThreadData> | null)?.thread === 'ipsec-secgw silicon';
}

/** The whole life of the cards. */
export function runSiliconThread(): void {
  const data = workerData as SiliconThreadData;
  const control = new ControlWords(data.control);
  const { memory } = createNativeMemory({
    bytes: OWN_BYTES + data.pages * FOREIGN_PAGE_BYTES,
    // The pages of the system's pool are for the command.
    hugepages: false,
  });
  let hugepages: ForeignHugepages;
  let cards: PlayedCard[];
  let trace: CardTraceOutput | undefined;
  try {
    const { hugeFolder: folder, filePrefix: prefix, pages } = data;
    hugepages = ForeignHugepages.create(memory, { folder, prefix, pages });
    if (data.trace !== undefined) trace = new CardTraceOutput(data.trace);
    cards = plugAll(data, memory, foreignDma(hugepages));
  } catch (error) {
    const text = startFailureText(error);
    if (text === undefined) throw error;
    post({ kind: 'refused', text });
    return;
  }
  bindThread([data.processor]);
  if (data.alone) takePrecedence();
  post({ kind: 'ready' });
  for (const { plugged } of cards) trace?.follow(plugged.card);
  if (data.quietMilliseconds > 0) for (const card of cards) card.held = holdWire(card.plugged.card.wire);
  try {
    play(cards, hugepages, control, data);
  } catch (error) {
    post({ kind: 'failed', text: failureText(error) });
  }
  for (const { plugged } of cards) plugged.card.wire.flush();
  trace?.close();
  post({ kind: 'report', cards: cards.map(reportOf) });
  for (const { plugged } of cards) plugged.close();
}

/** Plays the cards until it is told to stop. */
function play(
  cards: readonly PlayedCard[],
  hugepages: ForeignHugepages,
  control: ControlWords,
  { alone, quietMilliseconds }: SiliconThreadData,
): void {
  const pollers = cards.map(({ poller }) => poller);
  awaitDriver(pollers, hugepages, control);
  while (control.stop === 0 && cards.some(({ held }) => held !== undefined)) {
    playRounds(pollers, control, !alone, ROUNDS_PER_CLOCK);
    releaseQuiet(cards, quietMilliseconds);
  }
  playRounds(pollers, control, !alone, Number.POSITIVE_INFINITY);
}

/** A card that cannot go on, such as a strict one that was written to where it must not be. */
class CardFailure extends Error {
  /** @param address of the card */
  constructor(address: string, cause: unknown) {
    const reason = cause instanceof SetupError ? cause.message : ((cause as Error).stack ?? String(cause));
    super(`Silicon ${address} stands still: ${reason}`, { cause });
  }
}

function failureText(error: unknown): string {
  return `${error instanceof CardFailure ? error.message : ((error as Error).stack ?? String(error))}\n`;
}

/** Does what a card has to do. Returns how much that was. */
function poll(poller: BarPoller, burst: number): number {
  try {
    return poller.poll(burst);
  } catch (error) {
    throw new CardFailure(poller.card.name, error);
  }
}

interface PlayedCard {
  readonly plugged: PluggedCard;
  readonly poller: BarPoller;
  readonly counts: WireCounts;
  /** What keeps frames from it. */
  held?: { release(): void } | undefined;
  /** How many writes of control registers there were, and when that changed last. */
  controlWrites: number;
  controlTime: number;
}

function plugAll(data: SiliconThreadData, memory: Memory, dma: DmaMap): PlayedCard[] {
  const { environment, files, tap, engines = {} } = nodePlatform();
  const wires = new WireKinds().add(pcapWireKind(files));
  if (tap !== undefined) wires.add(tap);
  const candidates: readonly EngineCandidate[] = engineCandidates(engines);
  const eal = { memory, environment };
  const cards: PlayedCard[] = [];
  try {
    for (const { device, descriptor } of data.cards) {
      let counts: WireCounts | undefined;
      const plugged = plugCard(parseDeviceArguments(device), {
        eal,
        wires,
        engines: candidates,
        dma,
        onWire: (wire) => {
          counts = countWire(wire);
          return wire;
        },
      });
      const poller = new BarPoller(plugged.card, mapBar0(descriptor));
      if (counts !== undefined) cards.push({ plugged, poller, counts, controlWrites: 0, controlTime: 0 });
    }
    rehearse(memory, createNobleEngine(memory), environment);
  } catch (error) {
    for (const { plugged } of cards) plugged.close();
    throw error;
  }
  return cards;
}

function mapBar0(descriptor: number): Int32Array {
  const calls = systemCalls();
  const address = calls.mmap(0, BAR0_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (address < 0) throw new RangeError(`BAR0 cannot be mapped: ${calls.errno()}`);
  return new Int32Array(calls.view(address, BAR0_BYTES));
}

/** A page that is not known may be new: files are looked for once for each such page after the other. */
function foreignDma(hugepages: ForeignHugepages): DmaMap {
  let missing = -1;
  return pagedDma({
    position(number) {
      const known = hugepages.position(number);
      if (known !== 0 || number === missing) return known;
      hugepages.scan();
      const found = hugepages.position(number);
      missing = found === 0 ? number : -1;
      return found;
    },
  });
}

/**
 * Maps the command's memory as it appears, up to the first write to a register. Later that would keep a driver waiting: its
 * memory is there before it looks for devices, but for what it takes beyond that.
 */
function awaitDriver(pollers: readonly BarPoller[], hugepages: ForeignHugepages, control: ControlWords): void {
  for (let round = 0; control.stop === 0 && pollers.every(({ writes }) => writes === 0); round++) {
    if (round % ROUNDS_PER_SCAN === 0) hugepages.watch();
    for (const poller of pollers) poll(poller, BURST_WHILE_STARTING);
  }
}

/**
 * Frames come to cards whose drivers receive, when no driver has written a control register of any card for so long: a
 * program starts its ports one by one, and is ready for frames only behind the last one.
 */
function releaseQuiet(cards: readonly PlayedCard[], milliseconds: number): void {
  const now = performance.now();
  let last = 0;
  for (const card of cards) {
    const { controlWrites } = card.poller;
    if (card.controlWrites !== controlWrites) {
      card.controlWrites = controlWrites;
      card.controlTime = now;
    }
    last = Math.max(last, card.controlTime);
  }
  if (now - last < milliseconds) return;
  for (const card of cards) {
    if (!card.poller.receiving) continue;
    card.held?.release();
    card.held = undefined;
  }
}

function playRounds(pollers: readonly BarPoller[], control: ControlWords, yields: boolean, rounds: number): void {
  const calls = systemCalls();
  let quiet = 0;
  for (let round = 0; round < rounds && control.stop === 0; round++) {
    let burst = BURST;
    for (let i = 0; i < pollers.length; i++) if (!pollers[i].receiving) burst = BURST_WHILE_STARTING;
    let moved = 0;
    for (let i = 0; i < pollers.length; i++) {
      moved += poll(pollers[i], burst);
      for (let k = 0; k < pollers.length; k++) pollers[k].answerReset();
    }
    if (moved !== 0) {
      quiet = 0;
      continue;
    }
    if (quiet++ === QUIET_ROUNDS) for (let i = 0; i < pollers.length; i++) pollers[i].card.wire.flush();
    if (yields) calls.schedYield();
  }
}

/** On Linux a priority is a thread's. Not everybody may have a higher one. */
function takePrecedence(): void {
  try {
    setPriority(URGENT);
  } catch {
    // It goes without.
  }
}

function reportOf({ plugged: { card, engine }, poller, counts }: PlayedCard): CardReport {
  return {
    address: card.name,
    wire: card.wire.name,
    engine: engine.name,
    counts,
    counters: card.counters(),
    writes: poller.writes,
    resets: poller.resets,
    failure: card.wire.failure?.message,
  };
}

function post(message: SiliconThreadMessage): void {
  parentPort?.postMessage(message);
}
