import { describe, expect, it } from 'vitest';
import { processorBeside, readForeignWords } from './foreign-words.ts';

const words = (line: string) => readForeignWords(line.split(' '));

describe('the command line of a foreign program', () => {
  it.each([
    ['--huge-dir /mnt/huge --file-prefix p', '/mnt/huge', 'p'],
    ['--huge-dir=/mnt/a=b --file-prefix=q', '/mnt/a=b', 'q'],
    ['-m 256', undefined, undefined],
    // What stands behind `--` is the application’s.
    ['-m 256 -- --huge-dir /mnt/huge', undefined, undefined],
    // It ends where the value should be: the program will say so.
    ['--huge-dir', undefined, undefined],
  ])('tells by %j where its memory is', (line, hugeFolder, filePrefix) => {
    expect(words(`testpmd ${line}`)).toMatchObject({ hugeFolder, filePrefix });
  });

  it.each([
    ['-l 1,3', [1, 3], [1]],
    ['-l1-2', [1, 2], [1]],
    ['-c 0xc', [2, 3], [2]],
    ['--lcores 6@0,7@0', [0], [0]],
    ['--lcores=6@0,7@1 --main-lcore 7', [0, 1], [1]],
    ['--lcores (0-1)@(2-3)', [2, 3], [2, 3]],
    // Without any of these it takes all processors, with lcore 0 as its main one.
    ['-m 256', undefined, [0]],
    ['--main-lcore=1', undefined, [1]],
    // What cannot be read is the program’s to refuse.
    ['-l one', undefined, [0]],
    ['-c xyz', undefined, [0]],
  ])('tells by %j on which processors it is', (line, processors, mainProcessors) => {
    expect(words(`testpmd ${line} -- -l 9`)).toMatchObject({ processors, mainProcessors });
  });

  it('says nothing without words', () => {
    expect(readForeignWords([])).toMatchObject({ hugeFolder: undefined, filePrefix: undefined, processors: undefined });
  });
});

describe('the processor of the cards', () => {
  it.each([
    ['one that no lcore uses', [0, 1], '-l 0', 1, true],
    ['the last of several', [0, 1, 2, 3], '-l 0-1', 3, true],
    ['the first, when the program has the last', [0, 1], '--lcores 6@1,7@1', 0, true],
    // Some lcore has every processor: it is shared with one that is not the main one.
    ['that of another lcore than the main one', [0, 1], '-l 0,1', 1, false],
    ['that, when the main lcore is the last', [0, 1], '-l 0,1 --main-lcore 1', 0, false],
    ['another than the main one’s, when the program takes all', [0, 1, 2], '-m 256', 2, false],
    ['the only one', [0], '-l 0', 0, false],
    ['one of those that may be used', [2, 3], '-l 2', 3, true],
    ['one that may be used, whatever the program wants', [4], '-l 0,1', 4, true],
  ])('is %s', (_name, allowed, line, processor, alone) => {
    expect(processorBeside(allowed, words(`testpmd ${line}`))).toEqual({ processor, alone });
  });
});
