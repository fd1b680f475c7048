// The arrays of the chosen lane as NumPy source, every digit of them.

const DIRECTIONS = ["forward", "reverse"];

/** Python that makes the states and gates of lane k, one row for each valid step. */
export function numpySource({ cell, D, H, c_0, window }, result, flow, k) {
  const steps = result.lanes[k].steps.filter((step) => step !== null);
  const lines = [`# layer ${Math.floor(k / D)}, ${DIRECTIONS[k % D]}: a row for each step`];
  const add = (name, values) => lines.push(`${name} = np.array(${values})`);
  const rows = (vectors) => list(vectors.map((vector) => list(Array.from(vector, number))));
  add("h", rows(steps.map(({ hNext }) => hNext)));
  if (c_0) add("c", rows(steps.map(({ cNext }) => cNext)));
  for (const [i, gate] of cell.gates.entries()) {
    if (gate === "" || window) continue;
    add(gate, rows(steps.map(({ gates }) => gates.subarray(i * H, (i + 1) * H))));
  }
  if (flow) add("gradient_norm", list(flow.norms.map(number)));
  return `${lines.join("\n")}\n`;
}

const list = (items) => `[${items.join(", ")}]`;

function number(value) {
  if (Number.isNaN(value)) return "np.nan";
  if (!Number.isFinite(value)) return value > 0 ? "np.inf" : "-np.inf";
  return Object.is(value, -0) ? "-0.0" : String(value);
}
