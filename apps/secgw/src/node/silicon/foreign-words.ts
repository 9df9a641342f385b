import { MAX_LCORE } from '@inline-ipsec/eal/lcore';
import { type LcoreAssignment, parseLcoreList, parseLcoreMask } from '@inline-ipsec/eal/lcore-list';

/** What the command line of a DPDK program says that whoever plays its cards should know. Anything odd is the program's. */
export interface ForeignWords {
  /** `--huge-dir`. */
  readonly hugeFolder: string | undefined;
  /** `--file-prefix`. */
  readonly filePrefix: string | undefined;
  /** Processors of its lcores; undefined when it takes all that there are. */
  readonly processors: readonly number[] | undefined;
  /** Those of its main lcore. */
  readonly mainProcessors: readonly number[];
}

/** @param words a program and its arguments; those of EAL end at `--` */
export function readForeignWords(words: readonly string[]): ForeignWords {
  const end = words.indexOf('--');
  const eal = end < 0 ? words : words.slice(0, end);
  const lcores = lcoresOf(eal);
  const mainLcore = Number(longValueOf(eal, '--main-lcore') ?? lcores?.[0]?.id ?? 0);
  const main = lcores?.find(({ id }) => id === mainLcore) ?? { processors: [mainLcore] };
  return {
    hugeFolder: longValueOf(eal, '--huge-dir'),
    filePrefix: longValueOf(eal, '--file-prefix'),
    processors: lcores === undefined ? undefined : [...new Set(lcores.flatMap(({ processors }) => processors))],
    mainProcessors: main.processors,
  };
}

/** The processor for whoever answers a driver: one that no lcore uses, else one that is not the main lcore's. */
export function processorBeside(
  allowed: readonly number[],
  { processors, mainProcessors }: ForeignWords,
): { readonly processor: number; readonly alone: boolean } {
  const beside = allowed.filter((processor) => processors !== undefined && !processors.includes(processor));
  if (beside.length > 0) return { processor: beside[beside.length - 1], alone: true };
  const others = allowed.filter((processor) => !mainProcessors.includes(processor));
  return { processor: others[others.length - 1] ?? allowed[allowed.length - 1], alone: false };
}

function lcoresOf(words: readonly string[]): LcoreAssignment[] | undefined {
  const list = longValueOf(words, '--lcores') ?? shortValueOf(words, '-l');
  const mask = shortValueOf(words, '-c');
  try {
    if (list !== undefined) return parseLcoreList(list).filter(({ id }) => id < MAX_LCORE);
    if (mask !== undefined) return parseLcoreMask(mask);
  } catch {
    // The program will say it.
  }
  return undefined;
}

/** `--name VALUE` or `--name=VALUE`. */
function longValueOf(words: readonly string[], name: string): string | undefined {
  for (const [i, word] of words.entries()) {
    if (word === name) return words[i + 1];
    if (word.startsWith(`${name}=`)) return word.slice(name.length + 1);
  }
  return undefined;
}

/** `-n VALUE` or `-nVALUE`. */
function shortValueOf(words: readonly string[], name: string): string | undefined {
  for (const [i, word] of words.entries()) {
    if (word === name) return words[i + 1];
    if (word.startsWith(name)) return word.slice(name.length);
  }
  return undefined;
}
