// Where a product goes, and the tiles of rows sorted by group; what dense and grouped kernels
// share.
#pragma once
#include "device.cuh"

// The result of row i and output n goes to row rows[i] (or i) of out, column column + n, plus
// bias[n] where there is a bias, plus what stands in added at the same place where that is given.
struct Target {
    float* out;
    int cols;
    int column;
    const float* added;
    const float* bias;
    const int* rows;
};

INLINE void put(const Target& target, wide i, int n, float value) {
    wide at = (target.rows != nullptr ? target.rows[i] : i) * target.cols + target.column + n;
    if (target.bias != nullptr) {
        value = plus(value, target.bias[n]);
    }
    target.out[at] = target.added != nullptr ? fused(1.0f, value, target.added[at]) : value;
}

// Rows first.. of x, count of them, and their weight; count is 0 where a tile has no group or its
// weight lies in another buffer.
struct Tile {
    int group, count;
    wide first, weight;
};

INLINE Tile dense_tile(int rows, int tileRows) {
    Tile tile = {0, 0, (wide) blockIdx.y * tileRows, 0};
    int count = rows - (int) tile.first;
    tile.count = count < tileRows ? count : tileRows;
    return tile;
}

INLINE Tile grouped_tile(const int* tiles, int tileMax, int tileRows, const int* starts,
        const wide* places, int buffer) {
    Tile tile = {tiles[blockIdx.y], 0, 0, 0};
    if (tile.group >= 0 && places[2 * tile.group + 1] == buffer) {
        tile.first = tiles[tileMax + blockIdx.y];
        int count = starts[tile.group + 1] - (int) tile.first;
        tile.count = count < tileRows ? count : tileRows;
        tile.weight = places[2 * tile.group];
    }
    return tile;
}
