/** Moves the first `by` of the first `n` entries of a table behind the others of them, in their order. */
export function rotate(table: Uint32Array, n: number, by: number): void {
  reverse(table, 0, by);
  reverse(table, by, n);
  reverse(table, 0, n);
}

function reverse(table: Uint32Array, from: number, to: number): void {
  for (let a = from, b = to - 1; a < b; a++, b--) {
    const value = table[a];
    table[a] = table[b];
    table[b] = value;
  }
}
