"""Makes land.bin: the land of the earth, cut into tiles of 5 degrees.

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python3 make.py package/land-50m.json land.bin

Source: Natural Earth 1:50 million, land, public domain ("Made with Natural Earth"), as TopoJSON in the npm package
world-atlas. Needs nothing but Python's own library. The format is described in mod.rs.
"""

import json
import sys

TILE, UNITS = 500, 100  # 5 degrees in hundredths; hundredths of a degree

def rings(topology):
    """Rings of all polygons, in hundredths of a degree east of 180 W and north of 90 S."""
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append(((x * sx + tx + 180) * UNITS, (y * sy + ty + 90) * UNITS))
        arcs.append(points)

    def ring(numbers):
        points = []
        for number in numbers:
            arc = arcs[number] if number >= 0 else arcs[~number][::-1]
            points += arc if not points else arc[1:]
        # The source knows no antimeridian: rings go on beyond it here, and one about the pole is led to the pole.
        turn, out = 360 * UNITS, points[:1]
        for x, y in points[1:]:
            out.append((x - turn * round((x - out[-1][0]) / turn), y))
        if abs(out[-1][0] - out[0][0]) > turn / 2:
            pole = 0 if out[0][1] < 90 * UNITS else 180 * UNITS
            return out + [(out[-1][0], pole), (out[0][0], pole)]
        return out[:-1]

    def walk(geometry):
        if geometry["type"] == "GeometryCollection":
            for part in geometry["geometries"]:
                yield from walk(part)
        elif geometry["type"] == "MultiPolygon":
            for polygon in geometry["arcs"]:
                yield from (ring(numbers) for numbers in polygon)
        elif geometry["type"] == "Polygon":
            yield from (ring(numbers) for numbers in geometry["arcs"])

    yield from walk(topology["objects"]["land"])

def clip(points, axis, limit, above):
    """What of a ring lies on one side of a line (Sutherland and Hodgman)."""
    out = []
    for one, other in zip(points[-1:] + points[:-1], points):
        inside = [(p[axis] >= limit) == above or p[axis] == limit for p in (one, other)]
        if inside[0] != inside[1]:
            share = (limit - one[axis]) / (other[axis] - one[axis])
            cross = [one[k] + share * (other[k] - one[k]) for k in (0, 1)]
            cross[axis] = limit
            out.append(tuple(cross))
        if inside[1]:
            out.append(other)
    return out

def whole(points, west, south):
    """In whole units from the corner of the tile, without repetitions; edges on the rim get a point every degree."""
    out = []
    for x, y in points:
        point = (min(max(round(x - west), 0), TILE), min(max(round(y - south), 0), TILE))
        if not out or out[-1] != point:
            out.append(point)
    while len(out) > 1 and out[0] == out[-1]:
        out.pop()
    dense = []
    for one, other in zip(out, out[1:] + out[:1]):
        dense.append(one)
        for axis in (0, 1):
            if one[axis] == other[axis] and one[axis] in (0, TILE):
                along = 1 - axis
                low, high = sorted((one[along], other[along]))
                between = [v for v in range(0, TILE + 1, UNITS) if low < v < high]
                for v in between if other[along] > one[along] else between[::-1]:
                    dense.append((one[0], v) if along else (v, one[1]))
    return dense

def varint(value):
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)

def zigzag(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)

def main(source, target):
    with open(source) as file:
        topology = json.load(file)
    tiles = {}
    for ring in rings(topology):
        columns = range(int(min(p[0] for p in ring) // TILE), int(max(p[0] for p in ring) // TILE) + 1)
        for column in columns:
            west = column * TILE
            band = clip(clip(ring, 0, west, True), 0, west + TILE, False)
            if not band:
                continue
            for row in range(int(min(p[1] for p in band) // TILE), int(max(p[1] for p in band) // TILE) + 1):
                south = row * TILE
                part = clip(clip(band, 1, south, True), 1, south + TILE, False)
                part = whole(part, west, south) if part else []
                if len(part) >= 3 and row < 36:
                    tiles.setdefault(row * 72 + column % 72, []).append(part)
    out, last, points = bytearray(), 0, 0
    for number in sorted(tiles):
        out += varint(number - last) + varint(len(tiles[number]))
        last = number
        for ring in tiles[number]:
            out += varint(len(ring))
            x = y = 0
            for point in ring:
                out += zigzag(point[0] - x) + zigzag(point[1] - y)
                x, y = point
            points += len(ring)
    with open(target, "wb") as file:
        file.write(out)
    print(len(tiles), "tiles,", points, "points,", len(out), "bytes")

main(*sys.argv[1:])
