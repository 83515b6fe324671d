(() => {
  const canvas = document.getElementById("map"), tip = document.getElementById("tip");
  const data = JSON.parse(document.getElementById("points").textContent);
  if (!canvas || !canvas.getContext || !data.points.length) return;
  document.documentElement.classList.add("scripted");
  const W = 640, H = 400, P = 40, ratio = window.devicePixelRatio || 1, pen = canvas.getContext("2d");
  canvas.width = W * ratio; canvas.height = H * ratio; pen.scale(ratio, ratio);
  const at = p => [P + (p[0] + 100) / 200 * (W - 2 * P), H - P - p[1] / 100 * (H - 2 * P)];
  const shapes = {
    circle: (x, y) => pen.arc(x, y, 4, 0, 7), square: (x, y) => pen.rect(x - 3.5, y - 3.5, 7, 7),
    triangle: (x, y) => { pen.moveTo(x, y - 5); pen.lineTo(x + 5, y + 4); pen.lineTo(x - 5, y + 4); pen.closePath(); },
    diamond: (x, y) => { pen.moveTo(x, y - 5); pen.lineTo(x + 5, y); pen.lineTo(x, y + 5); pen.lineTo(x - 5, y); pen.closePath(); },
    cross: (x, y) => pen.rect(x - 1, y - 4, 2, 8)
  };
  const spots = data.points.map(p => {
    const [x, y] = at(p), [colour, shape] = data.styles[p[2]];
    pen.beginPath(); shapes[shape](x, y); pen.fillStyle = colour; pen.globalAlpha = .8; pen.fill();
    pen.globalAlpha = 1; pen.strokeStyle = "#333"; pen.lineWidth = .5; pen.stroke();
    return [x, y, p];
  });
  canvas.addEventListener("mousemove", event => {
    const box = canvas.getBoundingClientRect(), scale = W / box.width;
    const x = (event.clientX - box.left) * scale, y = (event.clientY - box.top) * scale;
    let best = null, near = 144;
    for (const spot of spots) { const d = (spot[0] - x) ** 2 + (spot[1] - y) ** 2; if (d < near) { near = d; best = spot; } }
    tip.textContent = best ? `${best[2][3]}: ${data.labels[best[2][2]]}, balance ${best[2][0]}, dependence ${best[2][1]}` : "";
  });
})();
