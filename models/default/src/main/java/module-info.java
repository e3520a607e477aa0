/// The two models that ship, as resources, and what finds them.
module dev.sluice.models.defaults {
    exports dev.sluice.models.defaults;
}
