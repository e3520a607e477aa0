/// A test double of the TornadoVM API types that the tornado backend touches, under the names that
/// the SDK gives them, so that one source compiles against both. Kernels run with one virtual
/// thread a work item and real barriers. Never shipped.
module tornado.api {
    exports uk.ac.manchester.tornado.api;
    exports uk.ac.manchester.tornado.api.common;
    exports uk.ac.manchester.tornado.api.enums;
    exports uk.ac.manchester.tornado.api.math;
    exports uk.ac.manchester.tornado.api.runtime;
    exports uk.ac.manchester.tornado.api.types.arrays;
}
