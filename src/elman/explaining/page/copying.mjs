// The arrays of the chosen lane as NumPy source, every digit of them.

import { suffix } from "./trace.mjs";

/** Python that makes the states and gates of lane k, one row for each valid step. */
export function numpySource(trace, result, flow, k) {
  const steps = result.lanes[k].steps.filter((step) => step !== null);
  const lines = [
    `# ${trace.layer.repr}${suffix(trace, k).replace("_", ", ")}: a row for each step`,
  ];
  const add = (name, vectors) => lines.push(`${name} = np.array(${list(vectors.map(list))})`);
  add(
    "h",
    steps.map(({ hNext }) => Array.from(hNext, number)),
  );
  if (trace.c_0)
    add(
      "c",
      steps.map(({ cNext }) => Array.from(cNext, number)),
    );
  if (trace.cell.gates.length > 1 && !trace.window) {
    trace.cell.gates.forEach((gate, i) => {
      const [from, to] = [i * trace.H, (i + 1) * trace.H];
      add(
        gate,
        steps.map(({ gates }) => Array.from(gates.subarray(from, to), number)),
      );
    });
  }
  if (flow) lines.push(`gradient_norm = np.array(${list(flow.norms.map(number))})`);
  return `${lines.join("\n")}\n`;
}

const list = (items) => `[${items.join(", ")}]`;

function number(value) {
  if (Number.isNaN(value)) return "np.nan";
  if (!Number.isFinite(value)) return value > 0 ? "np.inf" : "-np.inf";
  return Object.is(value, -0) ? "-0.0" : String(value);
}
