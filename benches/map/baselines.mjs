// Other ways to draw the same chart, for comparison: each returns draw(scale, x, y), which shows the plan's point
// (x, y) in the middle of the view. All of them cull seats outside the view; none draws names, numbers or rings.
const SHEET = getComputedStyle(document.documentElement);
const colour = (name) => SHEET.getPropertyValue(name).trim();
const zones = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => colour(`--z${i}`));
const [ground, field] = [colour("--surface"), colour("--field")];

function canvas2d(chart, each) {
  const canvas = document.createElement("canvas");
  document.getElementById("stage").replaceChildren(canvas);
  const ratio = devicePixelRatio;
  const [w, h] = [innerWidth * ratio, innerHeight * ratio];
  [canvas.width, canvas.height] = [w, h];
  const g = canvas.getContext("2d", { alpha: false });
  return (scale, px, py) => {
    const s = scale * ratio;
    const [ox, oy, r] = [w / 2 - px * s, h / 2 - py * s, chart.radius * s];
    g.fillStyle = ground;
    g.fillRect(0, 0, w, h);
    for (let i = 0; i < chart.x.length; i++) {
      const [x, y] = [chart.x[i] * s + ox, chart.y[i] * s + oy];
      if (x < -r || y < -r || x > w + r || y > h + r) continue;
      each(g, x, y, r, chart.state[i], zones[chart.zone[i] & 7]);
    }
  };
}

/** The seats of the page's own chart, as the ways below take them. */
export const chartOf = (bench) => ({ x: bench.x(), y: bench.y(), zone: bench.zones(), state: bench.states(), radius: bench.plan()[2] });

export const baselines = {
  "Canvas2D arc": (chart) =>
    canvas2d(chart, (g, x, y, r, state, zone) => {
      g.beginPath();
      if (state === 1) {
        g.strokeStyle = field;
        g.arc(x, y, r * 0.8, 0, 7);
        g.stroke();
      } else {
        g.fillStyle = state === 0 ? zone : field;
        g.arc(x, y, state === 0 ? r : r * 0.34, 0, 7);
        g.fill();
      }
    }),
  "Canvas2D fillRect": (chart) =>
    canvas2d(chart, (g, x, y, r, state, zone) => {
      const half = state === 0 ? r : r * 0.4;
      g.fillStyle = state === 0 ? zone : field;
      g.fillRect(x - half, y - half, half * 2, half * 2);
    }),
  Konva: (chart) => {
    const Konva = globalThis.Konva;
    Konva.autoDrawEnabled = false;
    const stage = new Konva.Stage({ container: "stage", width: innerWidth, height: innerHeight, listening: false });
    const layer = new Konva.Layer({ listening: false });
    stage.add(layer);
    for (let i = 0; i < chart.x.length; i++) {
      const state = chart.state[i];
      layer.add(
        new Konva.Circle({
          x: chart.x[i],
          y: chart.y[i],
          radius: state === 0 ? chart.radius : chart.radius * (state === 1 ? 0.8 : 0.34),
          fill: state === 1 ? undefined : state === 0 ? zones[chart.zone[i] & 7] : field,
          stroke: state === 1 ? field : undefined,
          strokeWidth: chart.radius * 0.2,
          listening: false,
          perfectDrawEnabled: false,
        }),
      );
    }
    const circles = layer.children;
    return (scale, px, py) => {
      const [ox, oy, r] = [innerWidth / 2 - px * scale, innerHeight / 2 - py * scale, chart.radius * scale];
      for (let i = 0; i < chart.x.length; i++) {
        const [x, y] = [chart.x[i] * scale + ox, chart.y[i] * scale + oy];
        circles[i].attrs.visible = x >= -r && y >= -r && x <= innerWidth + r && y <= innerHeight + r;
        circles[i]._clearCache?.("visible");
      }
      layer.scale({ x: scale, y: scale });
      layer.position({ x: ox, y: oy });
      layer.drawScene();
    };
  },
  "Pixi 8 particles": async (chart) => {
    const PIXI = globalThis.PIXI;
    const app = new PIXI.Application();
    await app.init({
      width: innerWidth,
      height: innerHeight,
      resolution: devicePixelRatio,
      autoDensity: true,
      autoStart: false,
      preference: "webgl",
      background: ground,
    });
    document.getElementById("stage").replaceChildren(app.canvas);
    const texture = (draw) => app.renderer.generateTexture({ target: draw(new PIXI.Graphics()), resolution: 4 });
    const disc = texture((g) => g.circle(16, 16, 16).fill("#fff"));
    const box = new PIXI.ParticleContainer({ dynamicProperties: { position: false, color: false, vertex: false } });
    for (let i = 0; i < chart.x.length; i++) {
      const state = chart.state[i];
      const size = ((state === 0 ? 1 : state === 1 ? 0.8 : 0.34) * chart.radius) / 16;
      box.addParticle(
        new PIXI.Particle({
          texture: disc,
          x: chart.x[i],
          y: chart.y[i],
          anchorX: 0.5,
          anchorY: 0.5,
          scaleX: size,
          scaleY: size,
          tint: state === 0 ? zones[chart.zone[i] & 7] : field,
        }),
      );
    }
    app.stage.addChild(box);
    return (scale, px, py) => {
      box.scale.set(scale);
      box.position.set(innerWidth / 2 - px * scale, innerHeight / 2 - py * scale);
      app.render();
    };
  },
};
