// Each plane at full, half, quarter … size, so that a zoomed-out picture is drawn from as few pixels as it shows.
// Transmissions are averaged; of material classes one of four stays; the mask keeps every bit, so that a single
// dead column is never lost.

const SMALLEST = 256;

/** `plane`: {data, rows, columns}. Returns levels, the first is the plane itself. */
export function pyramid(name, plane) {
  const reduce = { material: nearest, mask: union }[name] ?? mean;
  const levels = [{ data: plane.data, rows: plane.rows, columns: plane.columns }];
  for (;;) {
    const above = levels.at(-1);
    // Mip levels are floor(size / 2) (OpenGL ES 3.0 §3.8.10.4).
    const rows = above.rows >> 1;
    const columns = above.columns >> 1;
    if (Math.max(rows, columns) < SMALLEST || Math.min(rows, columns) < 1) return levels;
    const data = new above.data.constructor(rows * columns);
    for (let row = 0; row < rows; row += 1) reduceRow(reduce, above, data, row, columns);
    levels.push({ data, rows, columns });
  }
}

function reduceRow(reduce, { data: from, columns: wide }, data, row, columns) {
  let upper = 2 * row * wide;
  let lower = upper + wide;
  let to = row * columns;
  for (const end = to + columns; to < end; to += 1, upper += 2, lower += 2) {
    data[to] = reduce(from[upper], from[upper + 1], from[lower], from[lower + 1]);
  }
}

function mean(a, b, c, d) {
  return (a + b + c + d + 2) >> 2;
}

function nearest(a) {
  return a;
}

function union(a, b, c, d) {
  return a | b | c | d;
}
