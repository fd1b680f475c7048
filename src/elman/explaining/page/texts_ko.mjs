// The page in Korean.

import { inWords, stepText } from "./numbers.mjs";
import { indexedState } from "./trace.mjs";

export const korean = {
  title: "순환 신경망, 곱셈 하나까지",
  summary: ({ L, D, T, layer }) =>
    layer.cell ? "셀 하나 · 시점 1개" : `층 ${L}개 · 방향 ${D}개 · 시점 ${T}개`,
  agrees: (difference) => `층이 낸 값과의 차이 ${difference}`,
  agreesExactly: "층이 낸 값과 똑같습니다",
  differs: (difference) => `층이 낸 값과 ${difference}만큼 다릅니다`,
  withoutDropout: "드롭아웃(dropout)은 뺐습니다",
  edited: "값을 고쳤습니다. 지금 보이는 것은 이 페이지가 다시 계산한 값입니다.",
  large: ({ start, stop }) =>
    `신경망이 커서 전부 펼치지 않았습니다. 이 파일에는 상태와 시점 ${start}–${stop - 1}의 게이트만 있고 가중치는 없습니다. 값은 고칠 수 없습니다.`,

  // controls
  language: "언어",
  controls: "시점, 층, 보기",
  previous: "이전 시점",
  next: "다음 시점",
  play: "재생",
  pause: "멈춤",
  time: "시점",
  layer: "층",
  direction: "방향",
  directions: ["순방향", "역방향"],
  unit: "유닛",
  view: "보기",
  forwardView: "순전파",
  backwardView: "역전파",
  guessFirst: "맞혀 보기",
  theme: "밝게 또는 어둡게",
  undo: "고친 값 되돌리기",
  copy: "NumPy로 복사",
  copied: "복사했습니다.",
  notCopied: "이 브라우저에서는 복사할 수 없습니다.",

  // unrolled network
  networkTitle: "시간 순서로 펼친 신경망",
  networkNote: (trace, { from, to }) => {
    const { T, D, length, layer, lanes, c_0 } = trace;
    if (layer.cell) return "셀은 한 시점만 계산합니다.";
    const sentences = ["모든 시점이 같은 W_ih와 W_hh를 씁니다."];
    if (lanes > 1) {
      sentences[0] = "층과 방향마다 W_ih와 W_hh가 따로 있고, 모든 시점이 같은 것을 씁니다.";
    }
    if (c_0) {
      sentences.push(
        "위가 셀 상태(cell state) c, 아래가 은닉 상태(hidden state) h이며 밖으로는 h만 나갑니다.",
      );
    }
    if (D === 2) {
      const last = indexedState(trace, "h_n", lanes - 1);
      sentences.push(
        `역방향(reverse)은 ${stepText(0)}에서 끝나고 거기서 ${last}이 나옵니다. 마지막 시점의 output에서 역방향 쪽은 한 시점만 읽은 값입니다.`,
      );
    }
    if (length < T) {
      sentences.push(
        `빗금 친 시점은 패딩(padding)입니다. 이 시퀀스에서 유효한 시점은 ${length}개입니다.`,
      );
    }
    if (to - from < T) sentences.push(`시점 ${T}개 가운데 ${from}–${to - 1}만 보입니다.`);
    return sentences.join(" ");
  },
  networkPicture: ({ L, D, T }) =>
    `시점 ${T}개로 펼친 신경망입니다. 층 ${L}개, 방향 ${D}개이며 입력은 아래, 출력은 위에 있습니다.`,
  layerNumber: (layer) => `층 ${layer}`,
  lane: ({ D }, k) => `층 ${Math.floor(k / D)}${D === 2 ? `, ${korean.directions[k % D]}` : ""}`,
  legendStates: "상태",
  legendWeights: (deepest) => `가중치는 ±${deepest}에서 가장 진합니다`,
  legendInputs: (deepest) => `입력은 ±${deepest}`,
  legendJacobians: "야코비 행렬은 ±1",
  legendGates: "게이트는 열린 만큼 칸이 찹니다",

  // states over time
  statesTitle: "시간에 따른 상태",
  statesNote: "가로는 시점, 세로는 유닛(unit)입니다. 칸을 누르면 그 시점과 유닛이 열립니다.",
  statesPicture: ({ T, P }) =>
    `상태를 색으로 나타낸 그림입니다. 가로로 시점 ${T}개, 세로로 유닛 ${P}개입니다.`,

  // backward
  backwardTitle: "기울기(gradient)가 거슬러 가는 길",
  backwardNote: ({ c_0 }) =>
    `마지막 상태${c_0 ? "(h와 c)" : ""}의 합을 손실 L로 놓고, 시점마다 ‖∂L/∂${c_0 ? "(h, c)" : "h"}‖를 잽니다. 세로축은 로그 눈금입니다.`,
  backwardPicture: "시점마다 기울기의 크기를 로그 눈금의 막대로 나타낸 그림입니다.",
  verdict: ({ kind, inAll, perStep, steps, t }) => {
    if (kind === "short") return "시점이 많아야 하나라서 기울기가 거슬러 갈 길이 없습니다.";
    if (kind === "broken") return "유한하지 않은 기울기가 있어 판단하지 않습니다.";
    const measured = `${stepText(t)}에 닿는 기울기는 마지막 상태의 ${inWords(inAll)}배입니다. 시점 ${steps}개를 거슬러 가는 동안 시점마다 평균 ${inWords(perStep)}배가 됩니다.`;
    return `${measured} ${korean.verdicts[kind]}`;
  },
  verdicts: {
    healthy: "건강합니다. 먼 시점도 잘 전해집니다.",
    fading: "약해집니다. 먼 시점이 희미하게 전해집니다.",
    vanishing:
      "기울기 소실(vanishing gradient)입니다. 값 자체는 정확합니다. 지금 가중치로는 마지막 상태가 먼 시점에 거의 좌우되지 않으므로, 그래야 한다는 것도 거의 배우지 못합니다. 보통 GRU나 LSTM, 더 짧은 구간, 직교(orthogonal) W_hh를 씁니다.",
    exploding:
      "기울기 폭발(exploding gradient)입니다. 보통 기울기를 자르고(clipping) 학습률을 낮춥니다.",
  },

  // opened step
  stepTitle: (trace, { t, k }) => {
    const where = trace.lanes > 1 ? ` · ${korean.lane(trace, k)}` : "";
    return trace.layer.cell ? "한 시점 열어 보기" : `시점 t = ${t} 열어 보기${where}`;
  },
  stepNote: ({ D, P, cell, c_0 }, { k }, first) => {
    const below = Math.floor(k / D) - 1;
    const halves = D === 2 ? `(순방향 0–${P - 1}, 역방향 ${P}–${2 * P - 1})` : "";
    const x = below < 0 ? "x는 이 시점의 입력" : `x는 층 ${below}의 출력${halves}`;
    const before = first ? "초기 상태" : "직전 상태";
    const c = c_0 ? ", c와 c′는 직전과 새 셀 상태" : "";
    const rows =
      cell.gates.length > 1
        ? "행 하나가 유닛 하나의 게이트 하나를 만듭니다."
        : "행 하나가 유닛 하나를 만듭니다.";
    return `${x}, h는 ${before}, h′는 새 은닉 상태${c}입니다. ${rows}`;
  },
  padded: (length) =>
    `이 시점은 패딩이라 읽지 않습니다. 이 행은 유효한 시점 ${length}개에서 끝납니다.`,
  noSteps: "시점이 없는 시퀀스입니다. 마지막 상태는 초기 상태와 같습니다.",
  broken: ({ name, value }) =>
    `${name}의 값이 ${Number.isNaN(value) ? "수가 아닙니다(NaN)" : "무한대입니다"}. 여기서 계산한 값도 그렇습니다.`,
  outsideWindow: ({ start, stop }) =>
    `게이트는 시점 ${start}–${stop - 1}의 것만 이 파일에 있습니다.`,
  gate: ({ layer }, letter) =>
    ({
      r: "리셋 게이트(reset)",
      z: "업데이트 게이트(update)",
      n: "새 후보",
      i: "입력 게이트(input)",
      f: "망각 게이트(forget)",
      g: "셀 후보",
      o: "출력 게이트(output)",
    })[letter] ?? layer.kind,
  newState: "새 상태",
  projection: "사영(projection)",
  slope: "접선의 기울기",
  sum: "합",
  others: (count) => `나머지 ${count}개`,
  fewer: "줄여서 보기",
  keeps: (unit, z) =>
    `유닛 ${unit}은 h의 ${Math.round(100 * z)} %를 남기고 n의 ${Math.round(100 * (1 - z))} %를 받습니다.`,
  cellKeeps: (unit, f) => `유닛 ${unit}은 c의 ${Math.round(100 * f)} %를 남깁니다.`,
  agreement: (values, difference) => `층이 낸 값은 [${values}]이고 차이는 ${difference}입니다.`,
  rounded: "소수 넷째 자리까지 적었지만 계산은 끝까지 합니다.",

  // guess first
  guessQuestion: "h′는 얼마일까요?",
  guessSign: "부호부터 고릅니다",
  negative: "음수",
  positive: "양수",
  reveal: "확인",
  guessed: (off, close) => {
    if (Math.abs(off) < close) return `거의 맞았습니다. 차이는 ${Math.abs(off).toFixed(2)}입니다.`;
    return `${Math.abs(off).toFixed(2)}만큼 ${off > 0 ? "컸습니다" : "작았습니다"}.`;
  },

  // said aloud
  said: (t, values) => `t = ${t}: h′ = ${values}`,
  saidHidden: (t) => `t = ${t}: h′를 맞혀 보세요.`,
  saidPadding: (t) => `t = ${t}: 패딩입니다.`,
  undone: "고친 값을 되돌렸습니다.",
  foot: "← → 로 시점을 옮깁니다 · 점선 밑줄이 있는 숫자는 고칠 수 있습니다 · 이 파일은 인터넷 없이도 열립니다.",
};
