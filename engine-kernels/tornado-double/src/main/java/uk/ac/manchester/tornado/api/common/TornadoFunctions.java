package uk.ac.manchester.tornado.api.common;

/// Shapes of kernels, by their number of arguments.
public final class TornadoFunctions {
    private TornadoFunctions() { }

    @FunctionalInterface
    public interface Task5<A, B, C, D, E> {
        void apply(A a, B b, C c, D d, E e);
    }

    @FunctionalInterface
    public interface Task6<A, B, C, D, E, F> {
        void apply(A a, B b, C c, D d, E e, F f);
    }

    @FunctionalInterface
    public interface Task7<A, B, C, D, E, F, G> {
        void apply(A a, B b, C c, D d, E e, F f, G g);
    }
}
