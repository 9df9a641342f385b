/** For error messages: which of the known words somebody may have meant. */

/**
 * The candidate nearest to `word`, or undefined when none is near: at most one edit for every three characters, where
 * an edit adds, drops, changes or swaps characters. Upper and lower case count as the same.
 */
export function closestWord(word: string, candidates: Iterable<string>): string | undefined {
  let closest: string | undefined;
  let fewest = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = edits(word.toLowerCase(), candidate.toLowerCase());
    if (distance < fewest) {
      closest = candidate;
      fewest = distance;
    }
  }
  return closest;
}

/** `did you mean X`, for the remedy of an error, or undefined when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const closest = closestWord(word, candidates);
  return closest === undefined ? undefined : `did you mean ${closest}?`;
}

/** Damerau's distance, in the form that never edits a place twice. */
function edits(from: string, to: string): number {
  const width = to.length + 1;
  let before: number[] = [];
  let last = Array.from({ length: width }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column < width; column++) {
      const change = from[row - 1] === to[column - 1] ? 0 : 1;
      let best = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + change);
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) best = Math.min(best, before[column - 2] + 1);
      current.push(best);
    }
    before = last;
    last = current;
  }
  return last[width - 1];
}
