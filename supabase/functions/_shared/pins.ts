/**
 * Packages that nothing here uses, but that another package asks for by a range of versions. Deployment has no
 * lock file and would take the newest one. The version that is imported here is taken in its place.
 *
 * @module
 */
import "iceberg-js";
