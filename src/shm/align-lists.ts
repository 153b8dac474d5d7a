/** A place in two lists that stand side by side; on one side there may be nothing. */
export type Pair<T> = readonly [left: T | undefined, right: T | undefined]

/**
 * Puts two lists side by side: each keeps its order, and as many items as possible stand beside one
 * of the same key (their longest common subsequence). Takes time and memory of the product of their
 * lengths.
 */
export function alignLists<T>(
  left: readonly T[],
  right: readonly T[],
  keyOf: (item: T) => string,
): Pair<T>[] {
  const [leftKeys, rightKeys] = [left.map(keyOf), right.map(keyOf)]
  const width = right.length + 1
  // How many are common to what follows each pair of places.
  const common = new Uint16Array((left.length + 1) * width)
  const at = (row: number, column: number) => common[row * width + column] ?? 0
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      common[row * width + column] =
        leftKeys[row] === rightKeys[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const pairs: Pair<T>[] = []
  let [row, column] = [0, 0]
  while (row < left.length || column < right.length) {
    const isLeftOver = column === right.length
    if (!isLeftOver && row < left.length && leftKeys[row] === rightKeys[column]) {
      pairs.push([left[row++], right[column++]])
    } else if (isLeftOver || (row < left.length && at(row + 1, column) >= at(row, column + 1))) {
      pairs.push([left[row++], undefined])
    } else {
      pairs.push([undefined, right[column++]])
    }
  }
  return pairs
}
