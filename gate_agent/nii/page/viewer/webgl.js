// Draws a picture with WebGL 2: the 16-bit planes are integer textures, every picture function is arithmetic in
// one fragment shader, so that panning, zooming and windowing upload nothing.
//
// Integer textures are not filtered and get no mip maps (OpenGL ES 3.0 §3.8.13): the levels come from pyramid.js,
// and the shader interpolates by itself.

import { COLOURS, EDGE_STRENGTH, KEEPS, PALE, PALETTE } from "./functions.js";

const VERTEX = `#version 300 es
void main() {
  // One triangle that covers the viewport.
  gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;

uniform usampler2D transmission, material, mask;
uniform vec2 origin, pixel;      // top left corner, and size of a device pixel, in pixels of the planes
uniform float viewHeight;        // device pixels
uniform int level;
uniform ivec2 size;              // of level 0
uniform float low, high, gamma, limit, brightest, edges;
uniform bool invert, penetration, hatch, hasMaterial, magnified;
uniform int colouring;
uniform vec3 palette[7];
uniform float keeps[7];
uniform float pale;
uniform vec3 outside;
out vec4 colour;

float texel(ivec2 at, ivec2 most) {
  return float(texelFetch(transmission, clamp(at, ivec2(0), most), level).r) / 65535.0;
}

float sampled(vec2 at, ivec2 most) {
  if (!magnified) return texel(ivec2(at), most); // the level is an average already
  vec2 corner = at - 0.5;
  ivec2 base = ivec2(floor(corner));
  vec2 part = corner - vec2(base);
  float upper = mix(texel(base, most), texel(base + ivec2(1, 0), most), part.x);
  float lower = mix(texel(base + ivec2(0, 1), most), texel(base + ivec2(1, 1), most), part.x);
  return mix(upper, lower, part.y);
}

float attenuation(vec2 at, ivec2 most) {
  return -log(max(sampled(at, most), 1.0 / 65535.0));
}

void main() {
  vec2 device = vec2(gl_FragCoord.x, viewHeight - gl_FragCoord.y);
  vec2 place = origin + device * pixel;
  if (any(lessThan(place, vec2(0.0))) || any(greaterThanEqual(place, vec2(size)))) {
    colour = vec4(outside, 1.0);
    return;
  }
  float shrunk = exp2(float(level));
  vec2 at = place / shrunk;
  ivec2 most = (size >> level) - 1;
  float value = sampled(at, most);
  if (edges > 0.0) {
    // Unsharp masking of the attenuation, where an edge in the dark is as steep as one in the light.
    float middle = -log(max(value, 1.0 / 65535.0));
    float around = attenuation(at + vec2(1.5, 0.0), most) + attenuation(at - vec2(1.5, 0.0), most)
      + attenuation(at + vec2(0.0, 1.5), most) + attenuation(at - vec2(0.0, 1.5), most);
    value = exp(-(middle + edges * (middle - around / 4.0)));
  }
  if (penetration) value = log(max(value, limit) / limit) / log(brightest / limit);
  value = clamp((value - low) / max(high - low, 1e-4), 0.0, 1.0);
  value = pow(value, penetration ? 1.0 : gamma);
  if (invert) value = 1.0 - value;

  vec3 shown = vec3(value);
  ivec2 nearest = clamp(ivec2(at), ivec2(0), most);
  if (colouring != 0 && hasMaterial) {
    int kind = int(min(texelFetch(material, nearest, level).r, 6u));
    if (keeps[kind] < 0.5) shown = vec3(mix(invert ? 0.0 : 1.0, value, pale));
    else if (kind != 0) shown = palette[kind] * min(1.0, 2.0 * value) + (1.0 - palette[kind]) * max(0.0, 2.0 * value - 1.0);
  }
  if (hatch) {
    uint flags = texelFetch(mask, nearest, level).r;
    float stripe = mod(device.x + device.y, 12.0);
    if ((flags & 4u) != 0u && stripe < 3.0) shown = vec3(0.78, 0.12, 0.12);
    if ((flags & 3u) != 0u && stripe >= 6.0 && stripe < 9.0) shown = vec3(0.2, 0.45, 0.85);
  }
  colour = vec4(shown, 1.0);
}`;

const OUTSIDE = [0.07, 0.09, 0.11];
const BRIGHTEST = 0.2;

/**
 * A renderer for this canvas, or null where WebGL 2 is not to be had, or only in software, where Canvas 2D is
 * faster; `insist` takes that too. `onLost` hears when it is taken away.
 */
export function webglRenderer(canvas, insist, onLost) {
  const gl = canvas.getContext("webgl2", { alpha: false, antialias: false, depth: false });
  if (!gl || (!insist && inSoftware(gl))) return null;
  const program = link(gl);
  if (!program) return null;
  canvas.addEventListener("webglcontextlost", onLost, { once: true });
  const at = (name) => gl.getUniformLocation(program, name);
  const places = Object.fromEntries(
    ["transmission", "material", "mask", "origin", "pixel", "viewHeight", "level", "size", "low", "high", "gamma", "limit", "brightest", "edges", "invert", "penetration", "hatch", "hasMaterial", "magnified", "colouring", "palette", "keeps", "pale", "outside"].map((name) => [name, at(name)]),
  );
  let textures = {};
  let picture = null;

  function use(fresh) {
    for (const texture of Object.values(textures)) gl.deleteTexture(texture);
    picture = fresh;
    textures = picture ? Object.fromEntries(Object.entries(picture.levels).map(([name, levels]) => [name, upload(gl, levels)])) : {};
  }

  function draw(camera, functions, ratio) {
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(...OUTSIDE, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!picture) return;
    gl.useProgram(program);
    const energy = textures[functions.energy] ? functions.energy : "high";
    bind(0, places.transmission, textures[energy]);
    bind(1, places.material, textures.material ?? textures.mask);
    bind(2, places.mask, textures.mask);
    setView(camera, ratio);
    setFunctions(functions);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
  }

  function bind(unit, place, texture) {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.uniform1i(place, unit);
  }

  function setView(camera, ratio) {
    const corner = camera.toScan(0, 0);
    const bin = picture.binning;
    const step = [1 / (camera.zoom * ratio * bin), 1 / (camera.zoom * camera.aspect * ratio * bin)];
    const levels = picture.levels.high.length;
    const level = Math.min(levels - 1, Math.max(0, Math.round(Math.log2(Math.max(...step)))));
    gl.uniform2f(places.origin, corner.column / bin, corner.row / bin);
    gl.uniform2f(places.pixel, ...step);
    gl.uniform1f(places.viewHeight, canvas.height);
    gl.uniform1i(places.level, level);
    gl.uniform1i(places.magnified, Math.max(...step) < 1 ? 1 : 0);
    gl.uniform2i(places.size, picture.levels.high[0].columns, picture.levels.high[0].rows);
  }

  function setFunctions(functions) {
    gl.uniform1f(places.low, functions.low);
    gl.uniform1f(places.high, functions.high);
    gl.uniform1f(places.gamma, functions.gamma);
    gl.uniform1f(places.limit, picture.limit);
    gl.uniform1f(places.brightest, BRIGHTEST);
    gl.uniform1f(places.edges, functions.edges ? EDGE_STRENGTH : 0);
    for (const name of ["invert", "penetration", "hatch"]) gl.uniform1i(places[name], functions[name] ? 1 : 0);
    gl.uniform1i(places.hasMaterial, picture.has("material") ? 1 : 0);
    gl.uniform1i(places.colouring, COLOURS[functions.colouring]);
    gl.uniform3fv(places.palette, PALETTE.flat().map((part) => part / 255));
    gl.uniform1fv(places.keeps, KEEPS[functions.colouring]);
    gl.uniform1f(places.pale, PALE);
    gl.uniform3f(places.outside, ...OUTSIDE);
  }

  return { kind: "WebGL", most: gl.getParameter(gl.MAX_TEXTURE_SIZE), use, draw };
}

/** Browsers do not count their own software renderers as a performance caveat; their names tell. */
function inSoftware(gl) {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

function link(gl) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}

function upload(gl, levels) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  const wide = levels[0].data instanceof Uint16Array;
  const [stored, type] = wide ? [gl.R16UI, gl.UNSIGNED_SHORT] : [gl.R8UI, gl.UNSIGNED_BYTE];
  levels.forEach(({ data, rows, columns }, level) => gl.texImage2D(gl.TEXTURE_2D, level, stored, columns, rows, 0, gl.RED_INTEGER, type, data));
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST_MIPMAP_NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAX_LEVEL, levels.length - 1);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return texture;
}
