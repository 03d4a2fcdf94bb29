# Finds intel-ipsec-mb (libipsec-mb-dev, x86-64 only). Defines IpsecMb::IpsecMb and IpsecMb_FOUND.
find_path(IPSEC_MB_INCLUDE_DIR intel-ipsec-mb.h)
find_library(IPSEC_MB_LIBRARY NAMES IPSec_MB)
mark_as_advanced(IPSEC_MB_INCLUDE_DIR IPSEC_MB_LIBRARY)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(IpsecMb REQUIRED_VARS IPSEC_MB_LIBRARY IPSEC_MB_INCLUDE_DIR)
if(IpsecMb_FOUND AND NOT TARGET IpsecMb::IpsecMb)
  add_library(IpsecMb::IpsecMb UNKNOWN IMPORTED)
  set_target_properties(IpsecMb::IpsecMb PROPERTIES
    IMPORTED_LOCATION "${IPSEC_MB_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${IPSEC_MB_INCLUDE_DIR}")
endif()
