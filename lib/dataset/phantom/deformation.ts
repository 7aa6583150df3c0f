/** The smooth map from a subject's voxels to the common template space in which anatomy is described. */
import type { Triple } from "../../geometry.ts";
import type { Random } from "../../random.ts";
import { FIELD_OF_VIEW_MM, phantomSpacing } from "./grid.ts";
import type { Morphometry } from "./morphometry.ts";
import { smoothField } from "./smooth_field.ts";

/** Control points per edge of the displacement field, 32 mm apart, and its SD in mm along each axis. */
const CONTROLS = 9, DISPLACEMENT_MM = 1.9;

/** Position in template space (mm) of every voxel of a cube, x fastest. */
export class Deformation {
  readonly size: number;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly z: Float32Array;

  /** Size, pose and smooth random displacement of one head on a `size`³ grid. */
  constructor(random: Random, { size, morphometry }: { size: number; morphometry: Morphometry }) {
    this.size = size;
    [this.x, this.y, this.z] = [0, 1, 2].map(() => {
      const field = smoothField(random, { size, controls: CONTROLS });
      for (let i = 0; i < field.length; i++) field[i] *= DISPLACEMENT_MM;
      return field;
    });
    this.#addPose(morphometry);
  }

  /** The subject-space position (mm) of a template point, found by fixed-point iteration on the nearest voxels. */
  toSubject(point: Triple): Triple {
    let subject = point;
    for (let round = 0; round < 8; round++) {
      const i = this.voxelAt(subject);
      const world = this.#worldOf(i);
      subject = [
        world[0] + point[0] - this.x[i],
        world[1] + point[1] - this.y[i],
        world[2] + point[2] - this.z[i],
      ];
    }
    return subject;
  }

  /**
   * Lets a growing mass push tissue away.
   *
   * Brain tissue hardly changes its volume: what now lies at distance r > R from the centre came from the distance r₀
   * with r³ − r₀³ = share·R³. Displacements fall off as 1/r².
   *
   * @param options.centre centre of the mass in subject space, mm
   * @param options.radiusMm its radius R
   * @param options.share share of the mass's volume that is new: 0 only infiltrates, 1 only displaces
   */
  pushAway({ centre, radiusMm, share }: { centre: Triple; radiusMm: number; share: number }): void {
    const pivot = this.voxelAt(centre), cx = this.x[pivot], cy = this.y[pivot], cz = this.z[pivot];
    const inner = Math.cbrt(1 - share), added = share * radiusMm ** 3;
    // Six radii away the displacement is under a tenth of a millimetre.
    const reach = 6 * radiusMm;
    for (let i = 0; i < this.x.length; i++) {
      const dx = this.x[i] - cx, dy = this.y[i] - cy, dz = this.z[i] - cz;
      const r = Math.sqrt(dx * dx + dy * dy + dz * dz);
      if (r > reach) continue;
      const factor = r <= radiusMm ? inner : Math.cbrt(1 - added / (r * r * r));
      this.x[i] = cx + factor * dx;
      this.y[i] = cy + factor * dy;
      this.z[i] = cz + factor * dz;
    }
  }

  /** Index of the voxel nearest to a subject-space position (mm), clamped to the grid. */
  voxelAt(world: Triple): number {
    const spacing = phantomSpacing(this.size), middle = (this.size - 1) / 2;
    const index = (mm: number): number => Math.max(0, Math.min(this.size - 1, Math.round(mm / spacing + middle)));
    return (index(world[2]) * this.size + index(world[1])) * this.size + index(world[0]);
  }

  #worldOf(index: number): Triple {
    const n = this.size, spacing = phantomSpacing(n), middle = (n - 1) / 2;
    const mm = (i: number): number => (i - middle) * spacing;
    return [mm(index % n), mm(Math.floor(index / n) % n), mm(Math.floor(index / (n * n)))];
  }

  #addPose({ scale, rotation }: Morphometry): void {
    const n = this.size, spacing = phantomSpacing(n), start = spacing / 2 - FIELD_OF_VIEW_MM / 2;
    const [[a, b, c], [d, e, f], [g, h, k]] = rotationMatrix(rotation);
    for (let z = 0, i = 0; z < n; z++) {
      for (let y = 0; y < n; y++) {
        for (let x = 0; x < n; x++, i++) {
          const wx = start + x * spacing, wy = start + y * spacing, wz = start + z * spacing;
          this.x[i] += (a * wx + b * wy + c * wz) / scale[0];
          this.y[i] += (d * wx + e * wy + f * wz) / scale[1];
          this.z[i] += (g * wx + h * wy + k * wz) / scale[2];
        }
      }
    }
  }
}

/** Rz·Ry·Rx of three angles in radians. */
function rotationMatrix([rx, ry, rz]: Triple): number[][] {
  const [cx, cy, cz] = [rx, ry, rz].map(Math.cos), [sx, sy, sz] = [rx, ry, rz].map(Math.sin);
  return [
    [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
    [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
    [-sy, cy * sx, cy * cx],
  ];
}
