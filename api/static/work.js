// Proof of work for a form with data-bits: finds a nonce so that SHA-256("challenge:nonce") begins with so many zero
// bits. In plain script, because crypto.subtle is missing where the page does not come over HTTPS.
const K = (() => {
  const found = [];
  for (let n = 2; found.length < 64; n++) {
    if (found.every((p) => n % p.prime)) found.push({ prime: n, k: Math.floor((Math.cbrt(n) % 1) * 2 ** 32) | 0 });
  }
  return found.map((p) => p.k);
})();
const START = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const turn = (x, n) => (x >>> n) | (x << (32 - n));

function sha256(text) { // ASCII only
  const length = text.length, blocks = ((length + 8) >> 6) + 1, words = new Int32Array(blocks * 16), w = new Int32Array(64);
  for (let i = 0; i < length; i++) words[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8);
  words[length >> 2] |= 0x80 << (24 - (length % 4) * 8);
  words[blocks * 16 - 1] = length * 8;
  const state = Int32Array.from(START);
  for (let block = 0; block < blocks; block++) {
    for (let t = 0; t < 64; t++) {
      if (t < 16) { w[t] = words[block * 16 + t]; continue; }
      const a = w[t - 15], b = w[t - 2];
      w[t] = (w[t - 16] + w[t - 7] + (turn(a, 7) ^ turn(a, 18) ^ (a >>> 3)) + (turn(b, 17) ^ turn(b, 19) ^ (b >>> 10))) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] = (state[i] + value) | 0; });
  }
  return state;
}

for (const form of document.querySelectorAll("form[data-bits]")) {
  const bits = Number(form.dataset.bits), button = form.querySelector("button");
  if (!bits) continue;
  button.disabled = true;
  let nonce = 0;
  const step = () => {
    for (let i = 0; i < 5000; i++, nonce++) {
      if (Math.clz32(sha256(`${form.elements.challenge.value}:${nonce}`)[0]) >= bits) {
        form.elements.nonce.value = nonce;
        button.disabled = false;
        return;
      }
    }
    setTimeout(step);
  };
  step();
}
