// The names that both sides use, forgotten so that the fast kernels may have them.
#undef MATRIX
#undef KERNEL
#undef FUNCTION
#undef GLOBAL
#undef LOCAL
#undef TABLE
#undef TILE
#undef SPLIT
#undef STRIDE
#undef FEW_ROWS
#undef FEW_OUTPUTS
#undef LANE
#undef LANES
#undef LOOKUP
#undef LOCAL_ARRAY
